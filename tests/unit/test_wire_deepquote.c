/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "wire/deepquote.h"
#include "wire_samples.h"

typedef struct Command {
    uint8_t bytes[WIRE_TPM_BUFFER_MAX];
    size_t len;
} Command;

/* A command with one password session; each field of @c that matters is the test's. */
static Command encode(WireDeepQuoteCommand c)
{
    Command out;
    WireWriter w = WIRE_WRITER(out.bytes, sizeof(out.bytes));

    c.auth = (WireAuthArea){ .count = 1, .auth = { { .handle = TPM_RS_PW } } };
    g_assert_true(wire_put_deepquote_command(&w, &c));
    out.len = w.len;
    return out;
}

static WireDeepQuoteCommand sound(void)
{
    WireDeepQuoteCommand c = {
        .sign_handle = TPM_RH_NULL,
        .qualifying_data = { (const uint8_t *)"0123456789abcdef", 16 },
        .scheme = { .scheme = TPM_ALG_NULL },
        .flags = DEEPQUOTE_HASH_UUID,
    };

    g_assert_true(wire_pcr_select(&c.vtpm_pcrs, TPM_ALG_SHA256, 10));
    g_assert_true(wire_pcr_select(&c.host_pcrs, TPM_ALG_SHA256, 0));
    return c;
}

static uint32_t decode(const uint8_t *bytes, size_t n)
{
    static WireDeepQuoteCommand poison, c;
    uint32_t rc;

    memset(&poison, 0xa5, sizeof(poison));
    c = poison;
    rc = wire_decode_deepquote_command((WireBytes){ bytes, n }, &c);
    if (rc != TPM_RC_SUCCESS) {
        g_assert_cmpmem(&c, sizeof(c), &poison, sizeof(poison));
    }
    return rc;
}

static void set_size(uint8_t *bytes, size_t n)
{
    WireWriter w = { bytes, n, n };

    g_assert_true(wire_set_u32(&w, 2, (uint32_t)n));
}

static void command_splits_at_its_quote(void)
{
    Command cmd = encode(sound());
    WireDeepQuoteCommand c;

    g_assert_cmphex(wire_decode_deepquote_command((WireBytes){ cmd.bytes, cmd.len }, &c), ==,
                    TPM_RC_SUCCESS);
    g_assert_cmpuint(c.quote_size + 4 + 6 + 4, ==, cmd.len);
    g_assert_cmphex(c.sign_handle, ==, TPM_RH_NULL);
    g_assert_cmpuint(c.auth.count, ==, 1);
    g_assert_cmpmem(c.qualifying_data.p, c.qualifying_data.len, "0123456789abcdef", 16);
}

/* What a TPM answers where the command ends, its size field telling the truth. */
static void command_names_the_part_that_is_cut_short(void)
{
    static const struct {
        size_t from; /* bytes of the command */
        uint32_t rc;
    } ends[] = {
        { 0, TPM_RC_COMMAND_SIZE },
        { 10, WIRE_RC_H(TPM_RC_INSUFFICIENT, 1) },
        { 14, TPM_RC_INSUFFICIENT },
        { 18, TPM_RC_SIZE },
        { 27, WIRE_RC_P(TPM_RC_INSUFFICIENT, 1) },
        { 45, WIRE_RC_P(TPM_RC_INSUFFICIENT, 2) },
        { 47, WIRE_RC_P(TPM_RC_INSUFFICIENT, 3) },
        { 57, WIRE_RC_P(TPM_RC_INSUFFICIENT, 4) },
        { 67, WIRE_RC_P(TPM_RC_INSUFFICIENT, 5) },
        { 71, TPM_RC_SUCCESS },
    };
    Command cmd = encode(sound());
    size_t row = 0;

    g_assert_cmpuint(cmd.len, ==, 71);
    for (size_t n = 0; n <= cmd.len; n++) {
        g_autofree uint8_t *copy = g_memdup2(cmd.bytes, n);

        if (n >= 6) {
            set_size(copy, n);
        }
        row += row + 1 < G_N_ELEMENTS(ends) && n >= ends[row + 1].from;
        g_assert_cmphex(decode(copy, n), ==, ends[row].rc);
    }
}

static void command_refuses_each_overlength(void)
{
    Command cmd = encode(sound());

    for (size_t n = cmd.len + 1; n < cmd.len + 100; n++) {
        memset(cmd.bytes + cmd.len, 0, n - cmd.len);
        set_size(cmd.bytes, n);
        g_assert_cmphex(decode(cmd.bytes, n), ==, TPM_RC_SIZE);
    }
    set_size(cmd.bytes, cmd.len);
    g_assert_cmphex(decode(cmd.bytes, cmd.len + 1), ==, TPM_RC_COMMAND_SIZE);
}

static void command_checks_its_tag_and_code(void)
{
    Command cmd = encode(sound());

    cmd.bytes[1] = 0x01;
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, TPM_RC_AUTH_MISSING);
    cmd.bytes[1] = 0x03;
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, TPM_RC_BAD_TAG);
    cmd = encode(sound());
    cmd.bytes[9] = 0x02;
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, TPM_RC_COMMAND_CODE);
}

static void command_checks_its_parameters(void)
{
    static uint8_t nonce[65];
    WireDeepQuoteCommand c = sound();
    Command cmd;

    c.qualifying_data = (WireBytes){ nonce, 64 };
    cmd = encode(c);
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, TPM_RC_SUCCESS);
    c.qualifying_data = (WireBytes){ nonce, 65 };
    cmd = encode(c);
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, WIRE_RC_P(TPM_RC_SIZE, 1));
    c.qualifying_data = (WireBytes){ nonce, 0 };
    cmd = encode(c);
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, WIRE_RC_P(TPM_RC_SIZE, 1));

    c = sound();
    c.flags = DEEPQUOTE_FLAGS_ALL;
    cmd = encode(c);
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, TPM_RC_SUCCESS);
    for (unsigned bit = 5; bit < 32; bit++) {
        c.flags = DEEPQUOTE_HASH_UUID | 1u << bit;
        cmd = encode(c);
        g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, WIRE_RC_P(TPM_RC_RESERVED_BITS, 5));
    }
}

static void command_checks_its_host_selection(void)
{
    static const uint16_t algs[] = { TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512,
                                     TPM_ALG_SHA3_256 };
    WireDeepQuoteCommand c = sound();
    Command cmd;

    c.host_pcrs.count = 0;
    cmd = encode(c);
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, WIRE_RC_P(TPM_RC_VALUE, 4));
    for (size_t i = 0; i < 4; i++) {
        g_assert_true(wire_pcr_select(&c.host_pcrs, algs[i], 1));
    }
    cmd = encode(c);
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, TPM_RC_SUCCESS);
    g_assert_true(wire_pcr_select(&c.host_pcrs, algs[4], 1));
    cmd = encode(c);
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, WIRE_RC_P(TPM_RC_SIZE, 4));

    c = sound();
    memset(c.host_pcrs.bank[0].select, 0, sizeof(c.host_pcrs.bank[0].select));
    cmd = encode(c);
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, WIRE_RC_P(TPM_RC_VALUE, 4));
    c = sound();
    c.host_pcrs.bank[0].hash = TPM_ALG_NULL;
    cmd = encode(c);
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, WIRE_RC_P(TPM_RC_HASH, 4));
    cmd = encode(sound());
    cmd.bytes[57 + 4 + 2] = 5; /* sizeofSelect */
    g_assert_cmphex(decode(cmd.bytes, cmd.len), ==, WIRE_RC_P(TPM_RC_VALUE, 4));
}

static void command_numbers_the_session_that_is_wrong(void)
{
    WireBytes three = wire_sample("deepquote-command");
    g_autofree uint8_t *copy = g_memdup2(three.p, three.len);

    g_assert_cmphex(decode(copy, three.len), ==, TPM_RC_SUCCESS);
    copy[18 + 4 + 1] = 65; /* nonce of session 1 longer than any digest */
    g_assert_cmphex(decode(copy, three.len), ==, WIRE_RC_S(TPM_RC_INSUFFICIENT, 1));
}

static void host_commands_number_their_parameters(void)
{
    WireBytes credential = wire_sample("host-credential-command");
    WireBytes pcr_read = wire_sample("host-pcr-read-command");
    uint8_t copy[64];
    uint32_t what = 9, offset = 9;
    WirePcrSelection s = { .count = 9 };

    memcpy(copy, credential.p, credential.len);
    copy[13] = DEEPQUOTE_CREDENTIALS;
    g_assert_cmphex(
        wire_decode_host_credential_command((WireBytes){ copy, credential.len }, &what, &offset),
        ==, WIRE_RC_P(TPM_RC_VALUE, 1));
    set_size(copy, 14);
    copy[13] = 0;
    g_assert_cmphex(wire_decode_host_credential_command((WireBytes){ copy, 14 }, &what, &offset),
                    ==, WIRE_RC_P(TPM_RC_INSUFFICIENT, 2));
    copy[1] = TPM_ST_SESSIONS & 0xff;
    g_assert_cmphex(wire_decode_host_credential_command((WireBytes){ copy, 14 }, &what, &offset),
                    ==, TPM_RC_AUTH_CONTEXT);
    memcpy(copy, pcr_read.p, pcr_read.len);
    copy[13] = 5;
    g_assert_cmphex(wire_decode_host_pcr_read_command((WireBytes){ copy, pcr_read.len }, &s), ==,
                    WIRE_RC_P(TPM_RC_SIZE, 1));
    g_assert_true(what == 9 && offset == 9 && s.count == 9);
}

static void binding_holds_to_its_flags(void)
{
    static const uint8_t digest[32];
    WireBytes d = { digest, 32 };
    WireBinding b = { .flags = DEEPQUOTE_HASH_UUID, .nonce = { digest, 16 }, .vtpm_quoted = d };
    const struct {
        uint32_t flag;
        WireBytes *digest;
    } rows[] = {
        { DEEPQUOTE_VTPM_MEASUREMENTS, &b.measurement },
        { DEEPQUOTE_GROUP_INFO, &b.group_info },
        { DEEPQUOTE_GROUP_PUBKEY, &b.group_key },
        { DEEPQUOTE_VM_LAUNCH, &b.launch },
    };
    uint8_t buf[DEEPQUOTE_BINDING_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    g_assert_true(wire_put_binding(&w, &b));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        *rows[i].digest = d;
        g_assert_false(wire_put_binding(&w, &b));
        b.flags |= rows[i].flag;
        g_assert_true(wire_put_binding(&w, &b));
        w.len = 0;
    }
    b.flags &= ~(uint32_t)DEEPQUOTE_HASH_UUID;
    g_assert_false(wire_put_binding(&w, &b));
}

static void binding_has_the_specified_bytes(void)
{
    /* magic, version, flags, nonce, 32 x 0xcc, no signer, uuid, no EK, lineage, epoch, generation
     */
    static const char want[] = "44515442"
                               "0002"
                               "00000001"
                               "00106e6f6e63656e6f6e63656e6f6e63656e"
                               "0020"
                               "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
                               "0000"
                               "00112233445566778899aabbccddeeff"
                               "0000"
                               "6c696e65616765000000000000000001"
                               "0000000000000002"
                               "0000000000000003"
                               "0000"
                               "0000"
                               "0000"
                               "0000";
    uint8_t quoted[32], buf[DEEPQUOTE_BINDING_MAX];
    WireBinding b = {
        .flags = DEEPQUOTE_HASH_UUID,
        .nonce = { (const uint8_t *)"noncenoncenoncenonce", 16 },
        .vtpm_quoted = { quoted, 32 },
        .uuid = { { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
                    0xdd, 0xee, 0xff } },
        .lineage = { 'l', 'i', 'n', 'e', 'a', 'g', 'e', [15] = 1 },
        .epoch = 2,
        .generation = 3,
    };
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    g_autoptr(GString) hex = g_string_new(NULL);

    memset(quoted, 0xcc, sizeof(quoted));
    g_assert_true(wire_put_binding(&w, &b));
    for (size_t i = 0; i < w.len; i++) {
        g_string_append_printf(hex, "%02x", buf[i]);
    }
    g_assert_cmpstr(hex->str, ==, want);
}

static void evidence_counts_its_pcr_values(void)
{
    WireBytes sample = wire_sample("evidence");
    static WireEvidence e;
    uint8_t buf[DEEPQUOTE_EVIDENCE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    g_assert_true(wire_decode_evidence(sample, &e));
    g_assert_cmpuint(e.pcr_count, ==, 4);
    g_assert_cmpuint(e.pcr[3].len, ==, 20);
    g_assert_cmpuint(e.binding.epoch, ==, 5);
    e.pcr[3].len = 19;
    g_assert_false(wire_put_evidence(&w, &e));
    e.pcr[3].len = 20;
    e.pcr_count = 3;
    g_assert_false(wire_put_evidence(&w, &e));
    e.pcr_count = 4;
    e.path_length = DEEPQUOTE_PATH_MAX + 1;
    g_assert_false(wire_put_evidence(&w, &e));
    g_assert_cmpuint(w.len, ==, 0);
}

static void response_must_be_a_success_with_sessions(void)
{
    WireBytes sample = wire_sample("deepquote-response");
    g_autofree uint8_t *copy = g_memdup2(sample.p, sample.len);
    WireBytes bytes = { copy, sample.len };
    WireDeepQuoteResponse resp = { .auth = { copy, 1 } };

    copy[9] = 1;
    g_assert_false(wire_decode_deepquote_response(bytes, &resp));
    copy[9] = 0;
    copy[1] = 1;
    g_assert_false(wire_decode_deepquote_response(bytes, &resp));
    copy[1] = 2;
    g_assert_false(wire_decode_quote_response(bytes, &resp)); /* evidence is one part too many */
    g_assert_cmpuint(resp.auth.len, ==, 1);
    g_assert_true(wire_decode_deepquote_response(bytes, &resp));
    g_assert_cmpuint(resp.auth.len, ==, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/deepquote-command/splits-at-its-quote", command_splits_at_its_quote);
    g_test_add_func("/wire/deepquote-command/names-the-part-that-is-cut-short",
                    command_names_the_part_that_is_cut_short);
    g_test_add_func("/wire/deepquote-command/refuses-each-overlength",
                    command_refuses_each_overlength);
    g_test_add_func("/wire/deepquote-command/checks-its-tag-and-code",
                    command_checks_its_tag_and_code);
    g_test_add_func("/wire/deepquote-command/checks-its-parameters", command_checks_its_parameters);
    g_test_add_func("/wire/deepquote-command/checks-its-host-selection",
                    command_checks_its_host_selection);
    g_test_add_func("/wire/deepquote-command/numbers-the-session-that-is-wrong",
                    command_numbers_the_session_that_is_wrong);
    g_test_add_func("/wire/host-commands/number-their-parameters",
                    host_commands_number_their_parameters);
    g_test_add_func("/wire/binding/holds-to-its-flags", binding_holds_to_its_flags);
    g_test_add_func("/wire/binding/has-the-specified-bytes", binding_has_the_specified_bytes);
    g_test_add_func("/wire/evidence/counts-its-pcr-values", evidence_counts_its_pcr_values);
    g_test_add_func("/wire/deepquote-response/must-be-a-success-with-sessions",
                    response_must_be_a_success_with_sessions);
    return g_test_run();
}
