/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote.h"

#include "codes.h"
#include "exchange.h"
#include "session.h"

#include "attest/bytes.h"
#include "wire/evidence.h"
#include "wire/header.h"
#include "wire/signature.h"
#include "wire/tpm12-command.h"
#include "wire/tpm12-quote.h"

#include <openssl/evp.h>
#include <signal.h>
#include <string.h>

enum {
    QUOTE_ATTEMPTS = 5, /* how often a PCR may change between quote and reading */
    HANDLE_SRK = 0x40000000,
    RESOURCE_KEY = 1,
};

void quote_free(Quote *quote)
{
    if (!quote) {
        return;
    }
    g_clear_pointer(&quote->message, g_bytes_unref);
    g_clear_pointer(&quote->signature, g_bytes_unref);
    g_clear_pointer(&quote->evidence, g_bytes_unref);
    g_clear_pointer(&quote->pcrs, g_bytes_unref);
    g_free(quote);
}

static gboolean put_authorized(WireWriter *w, uint32_t ordinal, uint32_t handle,
                               WireBytes parameters,
                               const uint8_t trailer[TPM12_COMMAND_TRAILER_SIZE])
{
    const WireTpmHeader h = { .tag = TPM12_TAG_COMMAND_AUTH1, .code = ordinal };

    return wire_put_tpm_header(w, &h) && wire_put_u32(w, handle) && wire_put_bytes(w, parameters) &&
           wire_put_bytes(w, (WireBytes){ trailer, TPM12_COMMAND_TRAILER_SIZE }) &&
           wire_set_u32(w, sizeof(h.tag), (uint32_t)w->len);
}

/* TPM_LoadKey2 under the SRK; the handle is in no HMAC. */
static gboolean load_key(Device *device, const QuoteRequest *request, uint32_t *ret_handle,
                         GError **error)
{
    static const char what[] = "loading the AIK";
    uint8_t out[WIRE_TPM_BUFFER_MAX], buf[WIRE_TPM_BUFFER_MAX];
    uint8_t trailer[TPM12_COMMAND_TRAILER_SIZE];
    WireWriter w = WIRE_WRITER(out, sizeof(out));
    WireBytes answer, mac;
    WireReader r;
    WireTpmHeader h;
    Session session;

    if (!session_begin(device, &session, error) ||
        !session_trailer(&session, &request->srk_secret, TPM12_ORD_LoadKey2, request->aik.bytes,
                         trailer, error)) {
        return FALSE;
    }
    if (!put_authorized(&w, TPM12_ORD_LoadKey2, HANDLE_SRK, request->aik.bytes, trailer)) {
        g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_INPUT,
                            "the file of the AIK is larger than what a TPM takes");
        return FALSE;
    }
    if (!exchange_whole(device, wire_written(&w), what, buf, &answer, error)) {
        return FALSE;
    }
    r = WIRE_READER(answer.p, answer.len);
    if (!wire_get_tpm_header(&r, &h) || h.tag != TPM12_TAG_RESPONSE_AUTH1 ||
        !wire_get_u32(&r, ret_handle) || !wire_get_bytes(&r, r.left, &mac)) {
        return exchange_malformed(what, error);
    }
    return session_verify(&session, &request->srk_secret, TPM12_ORD_LoadKey2,
                          (WireBytes){ NULL, 0 }, mac, error);
}

static void unload_key(Device *device, uint32_t handle)
{
    uint8_t parameters[2 * sizeof(uint32_t)], buf[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(parameters, sizeof(parameters));
    g_autoptr(GError) why = NULL;
    WireReader body;

    g_assert(wire_put_u32(&w, handle) && wire_put_u32(&w, RESOURCE_KEY));
    if (!exchange(device, TPM12_ORD_FlushSpecific, wire_written(&w), "unloading the AIK", buf,
                  &body, &why)) {
        g_warning("%s", why->message);
    }
}

/* What a TPM_Quote2 has behind its key handle, which both HMACs are over */
static WireBytes covered_by_command(const WireTpm12DeepQuoteCommand *c, uint8_t *buf, gsize n)
{
    WireWriter w = WIRE_WRITER(buf, n);

    g_assert(wire_put_bytes(&w, c->external_data) && wire_put_tpm12_pcrs(&w, &c->pcrs) &&
             wire_put_u8(&w, c->add_version));
    return wire_written(&w);
}

static WireBytes covered_by_response(const WireTpm12QuoteResponse *resp, uint8_t *buf, gsize n)
{
    WireWriter w = WIRE_WRITER(buf, n);

    g_assert(wire_put_bytes(&w, resp->pcr_data) && wire_put_sized(&w, resp->version_info) &&
             wire_put_sized(&w, resp->signature));
    return wire_written(&w);
}

static WireTpm12DeepQuoteCommand command_of(const QuoteRequest *request, uint32_t handle)
{
    return (WireTpm12DeepQuoteCommand){
        .key_handle = handle,
        .external_data = { request->nonce, sizeof(request->nonce) },
        .pcrs = request->pcrs,
        .add_version = request->version ? 1 : 0,
        .host_pcrs = request->host_pcrs,
        .flags = request->flags,
    };
}

/* Sends the command, authorized where the key wants that, and checks who answered. */
static gboolean send_quote(Device *device, const QuoteRequest *request, uint32_t handle,
                           uint8_t *buf, WireTpm12QuoteResponse *ret, GError **error)
{
    static const char what[] = "deep quote";
    uint8_t out[WIRE_TPM_BUFFER_MAX], covered[WIRE_TPM_BUFFER_MAX];
    uint8_t trailer[TPM12_COMMAND_TRAILER_SIZE];
    WireTpm12DeepQuoteCommand c = command_of(request, handle);
    WireWriter w = WIRE_WRITER(out, sizeof(out));
    Session session = { 0 };
    WireBytes answer;

    if (request->aik.has_secret) {
        if (!session_begin(device, &session, error) ||
            !session_trailer(&session, &request->aik_secret, TPM12_ORD_Quote2,
                             covered_by_command(&c, covered, sizeof(covered)), trailer, error)) {
            return FALSE;
        }
        c.trailer = (WireBytes){ trailer, sizeof(trailer) };
    }
    g_assert(wire_put_tpm12_deepquote_command(&w, &c));
    if (!exchange_whole(device, wire_written(&w), what, buf, &answer, error)) {
        return FALSE;
    }
    if (!wire_decode_tpm12_deepquote_response(answer, ret) ||
        (ret->trailer.len > 0) != request->aik.has_secret) {
        return exchange_malformed(what, error);
    }
    return !request->aik.has_secret ||
           session_verify(&session, &request->aik_secret, TPM12_ORD_Quote2,
                          covered_by_response(ret, covered, sizeof(covered)), ret->trailer, error);
}

static GBytes *signature_bytes(WireBytes signature)
{
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    const WireSignature s = { .alg = TPM_ALG_RSASSA, .hash = TPM_ALG_SHA1, .r = signature };

    g_assert(wire_put_signature(&w, &s));
    return g_bytes_new(buf, w.len);
}

/* Far enough to know that the parts belong together */
static gboolean belong_together(const QuoteRequest *request, WireBytes message, WireBytes evidence,
                                WireQuoteInfo2 *ret, GError **error)
{
    const WireBytes nonce = { request->nonce, sizeof(request->nonce) };
    WireEvidence decoded;

    if (!wire_decode_quote_info2(message, ret) || !wire_decode_evidence(evidence, &decoded)) {
        return exchange_malformed("deep quote", error);
    }
    if (!wire_bytes_equal(decoded.binding.nonce, nonce)) {
        g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_MALFORMED,
                            "the answer to the deep quote is for another nonce: try again");
        return FALSE;
    }
    return TRUE;
}

/* @ret_digest: the TPM_COMPOSITE_HASH that was signed */
static Quote *quote_once(Device *device, const QuoteRequest *request, uint32_t handle,
                         uint8_t ret_digest[TPM12_DIGEST_SIZE], GError **error)
{
    g_autoptr(Quote) quote = g_new0(Quote, 1);
    uint8_t buf[WIRE_TPM_BUFFER_MAX], message[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(message, sizeof(message));
    WireTpm12QuoteResponse resp;
    WireQuoteInfo2 info;

    if (!send_quote(device, request, handle, buf, &resp, error) ||
        !code_check(resp.host_status, "countersigning the quote", error)) {
        return NULL;
    }
    g_assert(
        wire_put_tpm12_signed(&w, (WireBytes){ request->nonce, sizeof(request->nonce) }, &resp));
    if (!belong_together(request, wire_written(&w), resp.evidence, &info, error)) {
        return NULL;
    }
    memcpy(ret_digest, info.pcr_digest.p, TPM12_DIGEST_SIZE);
    quote->message = g_bytes_new(message, w.len);
    quote->signature = signature_bytes(resp.signature);
    quote->evidence = g_bytes_new(resp.evidence.p, resp.evidence.len);
    return g_steal_pointer(&quote);
}

static GBytes *read_pcrs(Device *device, const WirePcrSelection *pcrs, GError **error)
{
    g_autoptr(GByteArray) values = g_byte_array_new();

    for (WirePcrWalk walk = { 0 }; wire_pcr_next(pcrs, &walk);) {
        uint8_t number[sizeof(uint32_t)], buf[WIRE_TPM_BUFFER_MAX];
        WireWriter w = WIRE_WRITER(number, sizeof(number));
        WireReader body;
        WireBytes value;

        g_assert(wire_put_u32(&w, walk.pcr));
        if (!exchange(device, TPM12_ORD_PCRRead, wire_written(&w), "reading PCRs", buf, &body,
                      error)) {
            return NULL;
        }
        if (!wire_get_bytes(&body, TPM12_DIGEST_SIZE, &value) || body.left != 0) {
            exchange_malformed("reading PCRs", error);
            return NULL;
        }
        g_byte_array_append(values, value.p, (guint)value.len);
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&values));
}

/* Whether these are the values that were quoted. Spec: TPM Main Part 2, section 5.4.1 */
static gboolean are_quoted(const WirePcrSelection *pcrs, GBytes *values, const uint8_t *digest)
{
    uint8_t head[2 + WIRE_PCR_SELECT_MAX + 4], got[TPM12_DIGEST_SIZE];
    WireWriter w = WIRE_WRITER(head, sizeof(head));
    const DqBytes v = dq_bytes_peek(values);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    gboolean ok;

    g_assert(wire_put_tpm12_pcrs(&w, pcrs) && wire_put_u32(&w, (uint32_t)v.len));
    ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
         EVP_DigestUpdate(ctx, head, w.len) == 1 && EVP_DigestUpdate(ctx, v.data, v.len) == 1 &&
         EVP_DigestFinal_ex(ctx, got, NULL) == 1 && memcmp(got, digest, sizeof(got)) == 0;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static Quote *quote_with(Device *device, const QuoteRequest *request, uint32_t handle,
                         GError **error)
{
    for (int i = 0; i < QUOTE_ATTEMPTS; i++) {
        uint8_t digest[TPM12_DIGEST_SIZE];
        g_autoptr(Quote) quote = quote_once(device, request, handle, digest, error);

        if (!quote) {
            return NULL;
        }
        quote->pcrs = read_pcrs(device, &request->pcrs, error);
        if (!quote->pcrs) {
            return NULL;
        }
        if (are_quoted(&request->pcrs, quote->pcrs, digest)) {
            return g_steal_pointer(&quote);
        }
    }
    g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_TPM,
                        "the vTPM's PCRs do not stay as they were quoted: try again when the guest "
                        "is quiet, or leave out those that IMA extends (10)");
    return NULL;
}

static sigset_t hold_signals(void)
{
    static const int held[] = { SIGINT, SIGTERM, SIGHUP };
    sigset_t set, before;

    sigemptyset(&set);
    for (gsize i = 0; i < G_N_ELEMENTS(held); i++) {
        sigaddset(&set, held[i]);
    }
    sigprocmask(SIG_BLOCK, &set, &before);
    return before;
}

Quote *quote_make(Device *device, const QuoteRequest *request, GError **error)
{
    const sigset_t before = hold_signals();
    Quote *quote = NULL;
    uint32_t handle = 0;

    if (load_key(device, request, &handle, error)) {
        quote = quote_with(device, request, handle, error);
        unload_key(device, handle);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return quote;
}
