/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire_samples.h"
#include "wire_samples_tpm12.h"

#include <stdlib.h>
#include <string.h>

enum { POOL_SIZE = 64 * 1024, SAMPLES_MAX = 56 };

static uint8_t pool[POOL_SIZE];
static size_t pool_used;
static WireSample samples[SAMPLES_MAX];
static size_t sample_count;

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* Borrowed bytes 0x10, 0x11, ... of the given length */
static WireBytes counting(size_t n)
{
    static uint8_t bytes[512];

    must(n <= sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(0x10 + i);
    }
    return (WireBytes){ bytes, n };
}

static WireBytes sha256_name(void)
{
    static uint8_t name[34] = { 0x00, 0x0B, 1, 2, 3, 4 };

    return (WireBytes){ name, sizeof(name) };
}

static WirePcrSelection selection(size_t banks)
{
    static const uint16_t algs[] = { TPM_ALG_SHA256, TPM_ALG_SHA1, TPM_ALG_SHA384, TPM_ALG_SHA512 };
    WirePcrSelection s = { 0 };

    for (size_t i = 0; i < banks; i++) {
        must(wire_pcr_select(&s, algs[i], 0) && wire_pcr_select(&s, algs[i], (unsigned)(7 + i)));
    }
    return s;
}

static WireWriter pool_writer(void)
{
    return WIRE_WRITER(pool + pool_used, POOL_SIZE - pool_used);
}

static WireBytes pool_keep(const WireWriter *w)
{
    pool_used += w->len;
    return wire_written(w);
}

static void add(const char *name, const char *corpus, WireBytes bytes,
                bool (*recode)(WireBytes, WireWriter *))
{
    must(sample_count < SAMPLES_MAX);
    samples[sample_count++] = (WireSample){ name, corpus, bytes, recode };
}

/* Decoding and encoding again, a function for each kind of item */

#define DEFINE_RECODE_PREFIX(name, Type, get, put)                                                 \
    static bool name(WireBytes b, WireWriter *w)                                                   \
    {                                                                                              \
        WireReader r = WIRE_READER(b.p, b.len);                                                    \
        Type item;                                                                                 \
                                                                                                   \
        return get(&r, &item) && r.left == 0 && put(w, &item);                                     \
    }

#define DEFINE_RECODE_WHOLE(name, Type, decode, put)                                               \
    static bool name(WireBytes b, WireWriter *w)                                                   \
    {                                                                                              \
        Type item;                                                                                 \
                                                                                                   \
        return decode(b, &item) && put(w, &item);                                                  \
    }

static bool put_name(WireWriter *w, const WireBytes *name)
{
    return wire_put_tpm2b(w, *name);
}

static bool decode_deepquote_command(WireBytes b, WireDeepQuoteCommand *ret)
{
    return wire_decode_deepquote_command(b, ret) == TPM_RC_SUCCESS;
}

DEFINE_RECODE_PREFIX(recode_header, WireTpmHeader, wire_get_tpm_header, wire_put_tpm_header)
DEFINE_RECODE_PREFIX(recode_auth_area, WireAuthArea, wire_get_auth_area, wire_put_auth_area)
DEFINE_RECODE_PREFIX(recode_selection, WirePcrSelection, wire_get_pcr_selection,
                     wire_put_pcr_selection)
DEFINE_RECODE_PREFIX(recode_scheme, WireSigScheme, wire_get_sig_scheme, wire_put_sig_scheme)
DEFINE_RECODE_PREFIX(recode_name, WireBytes, wire_get_name, put_name)
DEFINE_RECODE_WHOLE(recode_attest, WireAttest, wire_decode_attest, wire_put_attest)
DEFINE_RECODE_WHOLE(recode_signature, WireSignature, wire_decode_signature, wire_put_signature)
DEFINE_RECODE_WHOLE(recode_public, WirePublic, wire_decode_public, wire_put_public)
DEFINE_RECODE_WHOLE(recode_deepquote_command, WireDeepQuoteCommand, decode_deepquote_command,
                    wire_put_deepquote_command)
DEFINE_RECODE_WHOLE(recode_deepquote_response, WireDeepQuoteResponse,
                    wire_decode_deepquote_response, wire_put_deepquote_response)
DEFINE_RECODE_WHOLE(recode_binding, WireBinding, wire_decode_binding, wire_put_binding)
DEFINE_RECODE_WHOLE(recode_evidence, WireEvidence, wire_decode_evidence, wire_put_evidence)
DEFINE_RECODE_WHOLE(recode_message, ManagerMessage, wire_decode_manager_message,
                    wire_put_manager_message)

static bool recode_host_pcr_read(WireBytes b, WireWriter *w)
{
    WirePcrSelection s;
    WireTpmHeader h = { TPM_ST_NO_SESSIONS, (uint32_t)b.len, TPM_CC_HostPCRRead };

    return wire_decode_host_pcr_read_command(b, &s) == TPM_RC_SUCCESS &&
           wire_put_tpm_header(w, &h) && wire_put_pcr_selection(w, &s);
}

static bool recode_host_credential(WireBytes b, WireWriter *w)
{
    WireTpmHeader h = { TPM_ST_NO_SESSIONS, (uint32_t)b.len, TPM_CC_HostCredential };
    uint32_t what, offset;

    return wire_decode_host_credential_command(b, &what, &offset) == TPM_RC_SUCCESS &&
           wire_put_tpm_header(w, &h) && wire_put_u32(w, what) && wire_put_u32(w, offset);
}

/* The samples */

static WireAuthArea three_sessions(void)
{
    return (WireAuthArea){
        .count = 3,
        .auth = { { TPM_RS_PW, { 0 }, 0, { (const uint8_t *)"pass", 4 } },
                  { 0x02000000, counting(16), TPMA_SESSION_CONTINUESESSION, counting(32) },
                  { 0x03000001, counting(32), TPMA_SESSION_DECRYPT, { 0 } } },
    };
}

static void add_basics(void)
{
    WireWriter w = pool_writer();
    WireTpmHeader h = { TPM_ST_NO_SESSIONS, 10, TPM_CC_GetCapability };
    WireAuthArea area = three_sessions();
    WireSigScheme ecdaa = { TPM_ALG_ECDAA, TPM_ALG_SHA256, 7 };
    WirePcrSelection s = selection(4);

    must(wire_put_tpm_header(&w, &h));
    add("header", "tpm_structures", pool_keep(&w), recode_header);
    w = pool_writer();
    must(wire_put_auth_area(&w, &area));
    add("auth-area", "tpm_structures", pool_keep(&w), recode_auth_area);
    w = pool_writer();
    must(wire_put_pcr_selection(&w, &s));
    add("pcr-selection", "tpm_structures", pool_keep(&w), recode_selection);
    w = pool_writer();
    must(wire_put_sig_scheme(&w, &ecdaa));
    add("sig-scheme", "tpm_structures", pool_keep(&w), recode_scheme);
    w = pool_writer();
    must(wire_put_tpm2b(&w, sha256_name()));
    add("name", "tpm_structures", pool_keep(&w), recode_name);
}

static WireBytes add_attest(void)
{
    WireWriter w = pool_writer();
    WireAttest a = {
        .magic = TPM_GENERATED_VALUE,
        .type = TPM_ST_ATTEST_QUOTE,
        .qualified_signer = sha256_name(),
        .extra_data = counting(32),
        .clock = 123456789,
        .reset_count = 3,
        .restart_count = 1,
        .safe = 1,
        .firmware_version = 0x2019102300163636,
        .pcr_select = selection(2),
        .pcr_digest = counting(32),
    };
    WireBytes bytes;

    must(wire_put_attest(&w, &a));
    bytes = pool_keep(&w);
    add("attest", "tpm_structures", bytes, recode_attest);
    return bytes;
}

static void add_signatures(void)
{
    static const struct {
        const char *name;
        WireSignature signature;
    } rows[] = {
        { "signature-null", { TPM_ALG_NULL, 0, { 0 }, { 0 } } },
        { "signature-rsassa", { TPM_ALG_RSASSA, TPM_ALG_SHA256, { 0, 256 }, { 0 } } },
        { "signature-rsapss", { TPM_ALG_RSAPSS, TPM_ALG_SHA384, { 0, 384 }, { 0 } } },
        { "signature-ecdsa", { TPM_ALG_ECDSA, TPM_ALG_SHA256, { 0, 32 }, { 0, 32 } } },
        { "signature-hmac", { TPM_ALG_HMAC, TPM_ALG_SHA256, { 0, 32 }, { 0 } } },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WireSignature s = rows[i].signature;
        WireWriter w = pool_writer();

        s.r = counting(s.r.len);
        s.s = counting(s.s.len);
        must(wire_put_signature(&w, &s));
        add(rows[i].name, "tpm_structures", pool_keep(&w), recode_signature);
    }
}

static void add_publics(void)
{
    WirePublic ecc = {
        .type = TPM_ALG_ECC,
        .name_alg = TPM_ALG_SHA256,
        .attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN,
        .auth_policy = counting(32),
        .sym_alg = TPM_ALG_NULL,
        .scheme = { TPM_ALG_ECDSA, TPM_ALG_SHA256, 0 },
        .ecc_curve = TPM_ECC_NIST_P256,
        .kdf_scheme = TPM_ALG_NULL,
        .ecc_x = counting(32),
        .ecc_y = counting(32),
    };
    WirePublic rsa = {
        .type = TPM_ALG_RSA,
        .name_alg = TPM_ALG_SHA256,
        .attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
        .sym_alg = 0x0006,
        .sym_key_bits = 128,
        .sym_mode = 0x0043,
        .scheme = { TPM_ALG_NULL, 0, 0 },
        .rsa_key_bits = 2048,
        .rsa_modulus = counting(256),
    };
    WireWriter w = pool_writer();

    must(wire_put_public(&w, &ecc));
    add("public-ecc", "tpm_structures", pool_keep(&w), recode_public);
    w = pool_writer();
    must(wire_put_public(&w, &rsa));
    add("public-rsa", "tpm_structures", pool_keep(&w), recode_public);
}

static WireBytes add_binding(void)
{
    WireBinding b = {
        .flags = DEEPQUOTE_FLAGS_ALL,
        .nonce = counting(32),
        .vtpm_quoted = counting(32),
        .vtpm_signer = sha256_name(),
        .vtpm_ek = sha256_name(),
        .lineage = { 0xA1, 0xA2, 0xA3 },
        .epoch = 5,
        .generation = 77,
        .measurement = counting(32),
        .group_info = counting(32),
        .group_key = counting(32),
        .launch = counting(32),
    };
    WireWriter w = pool_writer();
    WireBytes bytes;

    memcpy(b.uuid.byte, counting(16).p, sizeof(b.uuid.byte));
    must(wire_put_binding(&w, &b));
    bytes = pool_keep(&w);
    add("binding", "evidence", bytes, recode_binding);
    return bytes;
}

static WireBytes add_evidence(WireBytes attest, WireBytes binding)
{
    static WireEvidence e; /* large */
    WireWriter w = pool_writer();
    WireBytes bytes;

    e = (WireEvidence){
        .host_quoted = attest,
        .host_signature = { TPM_ALG_ECDSA, TPM_ALG_SHA256, counting(32), counting(32) },
        .host_signer = sha256_name(),
        .binding_bytes = binding,
        .tree_size = 7,
        .leaf_index = 2,
        .path_length = 3,
        .path = counting(96).p,
        .host_pcrs = selection(2),
        .pcr_count = 4,
        .pcr = { counting(32), counting(32), counting(20), counting(20) },
    };
    must(wire_put_evidence(&w, &e));
    bytes = pool_keep(&w);
    add("evidence", "evidence", bytes, recode_evidence);
    return bytes;
}

static void add_commands(WireBytes attest, WireBytes evidence)
{
    static const uint8_t null_signature[] = { 0x00, 0x10 };
    static const uint8_t auth[] = { 0, 0, 1, 0, 0 };
    WireDeepQuoteCommand c = {
        .sign_handle = 0x81010010,
        .auth = three_sessions(),
        .qualifying_data = counting(32),
        .scheme = { TPM_ALG_NULL, 0, 0 },
        .vtpm_pcrs = selection(1),
        .host_pcrs = selection(4),
        .flags = DEEPQUOTE_HASH_UUID,
    };
    WireDeepQuoteResponse resp = { attest, { null_signature, 2 }, 0, evidence, { auth, 5 } };
    WirePcrSelection s = selection(2);
    WireTpmHeader h = { TPM_ST_NO_SESSIONS, 0, TPM_CC_HostPCRRead };
    WireWriter w = pool_writer();

    must(wire_put_deepquote_command(&w, &c));
    add("deepquote-command", "deepquote_command", pool_keep(&w), recode_deepquote_command);
    w = pool_writer();
    must(wire_put_deepquote_response(&w, &resp));
    add("deepquote-response", "deepquote_command", pool_keep(&w), recode_deepquote_response);
    resp.host_status = DEEPQUOTE_RC_BUSY;
    resp.evidence = (WireBytes){ 0 };
    w = pool_writer();
    must(wire_put_deepquote_response(&w, &resp));
    add("deepquote-response-alone", "deepquote_command", pool_keep(&w), recode_deepquote_response);
    w = pool_writer();
    must(wire_put_tpm_header(&w, &h) && wire_put_pcr_selection(&w, &s) &&
         wire_set_u32(&w, 2, (uint32_t)w.len));
    add("host-pcr-read-command", "deepquote_command", pool_keep(&w), recode_host_pcr_read);
    h = (WireTpmHeader){ TPM_ST_NO_SESSIONS, 18, TPM_CC_HostCredential };
    w = pool_writer();
    must(wire_put_tpm_header(&w, &h) && wire_put_u32(&w, 1) && wire_put_u32(&w, 1024));
    add("host-credential-command", "deepquote_command", pool_keep(&w), recode_host_credential);
}

static void add_messages(WireBytes attest, WireBytes evidence)
{
    ManagerQuote quote = {
        DEEPQUOTE_HASH_UUID, sha256_name(), attest, selection(1), 3, 2048, 19000,
    };
    const ManagerEk ek = { counting(90), sha256_name() };
    const ManagerState loaded = { true, { 0x10 } };
    const ManagerState stored = { true, { 0x20 } };
    const ManagerState saved = { true, { 0x30 } };
    const ManagerPrepare prepare = { DEEPQUOTE_HASH_UUID, selection(2), 2000 };
    const ManagerReply denied = { .status = MANAGER_DENIED, .reason = MANAGER_REASON_UNREGISTERED };
    const struct {
        const char *name;
        ManagerMessage m;
    } rows[] = {
        { "hello",
          { .type = MANAGER_HELLO,
            .id = 1,
            .hello = { .uuid = { { 1 } }, .instance = { 2 }, .stores = 7 } } },
        { "hello-early",
          { .type = MANAGER_HELLO,
            .id = 1,
            .hello = { .uuid = { { 1 } },
                       .instance = { 2 },
                       .loaded = loaded,
                       .stored = stored,
                       .ek_count = MANAGER_EKS_UNKNOWN } } },
        { "hello-eks",
          { .type = MANAGER_HELLO,
            .id = 1,
            .hello = { { { 1 } }, { 2 }, 7, loaded, stored, saved, 2, { ek, ek } } } },
        { "announce",
          { .type = MANAGER_ANNOUNCE, .id = 1, .announce = { .stored = loaded, .next = stored } } },
        { "announce-saved",
          { .type = MANAGER_ANNOUNCE, .id = 1, .announce = { stored, stored, saved } } },
        { "announce-first", { .type = MANAGER_ANNOUNCE, .id = 1, .announce = { .next = stored } } },
        { "announce-reply", { .type = MANAGER_ANNOUNCE_REPLY, .id = 1, .reply = { .rivals = 2 } } },
        { "key", { .type = MANAGER_KEY, .id = 1, .key = { { 1, 2 } } } },
        { "key-reply", { .type = MANAGER_KEY_REPLY, .id = 1, .reply = { .key = counting(32) } } },
        { "key-none", { .type = MANAGER_KEY_REPLY, .id = 1 } },
        { "prepare", { .type = MANAGER_PREPARE, .id = 2, .prepare = prepare } },
        { "prepare-reply", { .type = MANAGER_PREPARE_REPLY, .id = 2 } },
        { "other-version", { .type = MANAGER_OTHER_VERSION, .id = 3 } },
        { "quote", { .type = MANAGER_QUOTE, .id = 2, .quote = quote } },
        { "pcr-read", { .type = MANAGER_PCR_READ, .id = 3, .pcr_read = selection(2) } },
        { "credential", { .type = MANAGER_CREDENTIAL, .id = 4, .credential = { 1, 1024, 4000 } } },
        { "hello-reply",
          { .type = MANAGER_HELLO_REPLY,
            .id = 5,
            .reply = { .epoch = 9, .generation = 4, .lineage = { 6, 7 }, .rivals = 3 } } },
        { "hello-denied", { .type = MANAGER_HELLO_REPLY, .id = 6, .reply = denied } },
        { "quote-reply",
          { .type = MANAGER_QUOTE_REPLY, .id = 7, .reply = { .evidence = evidence } } },
        { "pcr-read-reply",
          { .type = MANAGER_PCR_READ_REPLY,
            .id = 8,
            .reply = { .pcr_parameters = counting(60) } } },
        { "credential-reply",
          { .type = MANAGER_CREDENTIAL_REPLY,
            .id = 9,
            .reply = { .total_size = 300, .page = counting(300) } } },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WireWriter w = pool_writer();

        must(wire_put_manager_message(&w, &rows[i].m));
        add(rows[i].name, "manager_message", pool_keep(&w), recode_message);
    }
}

const WireSample *wire_samples(size_t *ret_count)
{
    if (sample_count == 0) {
        WireBytes attest, evidence;

        add_basics();
        attest = add_attest();
        add_signatures();
        add_publics();
        evidence = add_evidence(attest, add_binding());
        add_commands(attest, evidence);
        add_messages(attest, evidence);
        wire_samples_tpm12(evidence, add);
    }
    *ret_count = sample_count;
    return samples;
}

WireBytes wire_sample(const char *name)
{
    size_t n;
    const WireSample *s = wire_samples(&n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(s[i].name, name) == 0) {
            return s[i].bytes;
        }
    }
    abort();
}
