/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "wire/tpm12-command.h"
#include "wire/tpm12-key.h"
#include "wire/tpm12-quote.h"
#include "wire_samples.h"

static const uint8_t version_info[] = {
    0x00, 0x30, 1, 2, 2, 0x9E, 0, 2, 0, 'I', 'B', 'M', 0, 0, 0
};

/* The sample's TPM_QUOTE_INFO2 with version information behind it */
static GByteArray *with_version(void)
{
    const WireBytes plain = wire_sample("tpm12-quote-info2");
    GByteArray *both = g_byte_array_new();

    g_byte_array_append(both, plain.p, (guint)plain.len);
    g_byte_array_append(both, version_info, sizeof(version_info));
    return both;
}

static void version_information_is_all_there_or_not_at_all(void)
{
    const size_t plain = wire_sample("tpm12-quote-info2").len;
    g_autoptr(GByteArray) both = with_version();
    WireQuoteInfo2 q;

    g_assert_true(wire_decode_quote_info2((WireBytes){ both->data, both->len }, &q));
    g_assert_cmpmem(q.version_info.p, q.version_info.len, version_info, sizeof(version_info));
    for (size_t n = 0; n < both->len; n++) {
        g_autofree uint8_t *cut = g_memdup2(both->data, n);

        g_assert_cmpint(wire_decode_quote_info2((WireBytes){ cut, n }, &q), ==, n == plain);
    }
    both->data[plain + 1] = 0x31; /* another tag */
    g_assert_false(wire_decode_quote_info2((WireBytes){ both->data, both->len }, &q));
}

static void only_a_quote_info2_is_one(void)
{
    const WireBytes bytes = wire_sample("tpm12-quote-info2");
    g_autofree uint8_t *copy = g_memdup2(bytes.p, bytes.len);
    WireQuoteInfo2 q;
    WireAttest attest;

    for (size_t i = 0; i < 6; i++) { /* tag and "QUT2" */
        copy[i] ^= 0x01;
        g_assert_false(wire_decode_quote_info2((WireBytes){ copy, bytes.len }, &q));
        copy[i] ^= 0x01;
    }
    g_assert_false(wire_decode_attest(bytes, &attest));
    g_assert_false(wire_decode_quote_info2(wire_sample("attest"), &q));
}

static void the_pcrs_are_those_of_sha1(void)
{
    WireQuoteInfo2 q;

    g_assert_true(wire_decode_quote_info2(wire_sample("tpm12-quote-info2"), &q));
    g_assert_cmpuint(q.pcrs.count, ==, 1);
    g_assert_cmphex(q.pcrs.bank[0].hash, ==, TPM_ALG_SHA1);
    g_assert_cmpuint(wire_pcr_count(&q.pcrs), ==, 2);
    g_assert_true(wire_pcr_selected(&q.pcrs.bank[0], 10));
}

/* TPM_KEY and TPM_KEY12 with @pcr_info bytes of PCR information; -1: not even their size */
static size_t put_key(WireWriter *w, uint32_t begins, int pcr_info)
{
    const WireBytes public = wire_sample("tpm12-pubkey");
    const size_t parms = public.len - 256 - sizeof(uint32_t);
    const uint8_t info[64] = { 0 };

    g_assert_true(wire_put_u32(w, begins) && wire_put_u16(w, 0x0012) && wire_put_u32(w, 0) &&
                  wire_put_u8(w, 1) && wire_put_bytes(w, (WireBytes){ public.p, parms }) &&
                  (pcr_info < 0 || wire_put_sized(w, (WireBytes){ info, (size_t)pcr_info })) &&
                  wire_put_bytes(w, (WireBytes){ public.p + parms, public.len - parms }));
    return w->len;
}

static void a_key_has_its_public_part(void)
{
    static const struct {
        uint32_t begins;
        int pcr_info;
        bool (*get)(WireReader *r, WireTpm12Key *ret);
        bool good;
    } rows[] = {
        { 0x01010000, 0, wire_get_tpm12_key, true },  { 0x00280000, 0, wire_get_tpm12_key, true },
        { 0x00280000, 45, wire_get_tpm12_key, true }, { 0x00290000, 0, wire_get_tpm12_key, false },
        { 0x01010000, -1, wire_get_tpm12_ek, true },  { 0x01010000, 0, wire_get_tpm12_ek, false },
    };
    const WireBytes public = wire_sample("tpm12-pubkey");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t buf[1024], out[1024];
        WireWriter w = WIRE_WRITER(buf, sizeof(buf)), again = WIRE_WRITER(out, sizeof(out));
        const size_t size = put_key(&w, rows[i].begins, rows[i].pcr_info);
        WireReader r = WIRE_READER(buf, size);
        WireTpm12Key key;

        g_assert_cmpint(rows[i].get(&r, &key), ==, rows[i].good);
        if (!rows[i].good) {
            g_assert_cmpuint(r.left, ==, size);
            continue;
        }
        g_assert_cmpuint(r.left, ==, 0);
        g_assert_cmphex(key.usage, ==, 0x0012);
        g_assert_true(wire_put_tpm12_pubkey(&again, &key.public));
        g_assert_cmpmem(out, again.len, public.p, public.len);
        for (size_t n = 0; n < size; n++) {
            g_autofree uint8_t *cut = g_memdup2(buf, n);

            r = WIRE_READER(cut, n);
            g_assert_false(rows[i].get(&r, &key));
            g_assert_cmpuint(r.left, ==, n);
        }
    }
}

static void a_public_key_is_skipped_whole_or_not(void)
{
    const WireBytes public = wire_sample("tpm12-pubkey");

    for (size_t n = 0; n <= public.len; n++) {
        g_autofree uint8_t *cut = g_memdup2(public.p, n);
        WireReader r = WIRE_READER(cut, n);

        g_assert_cmpint(wire_skip_tpm12_pubkey(&r), ==, n == public.len);
        g_assert_cmpuint(r.left, ==, n == public.len ? 0 : n);
    }
}

static void the_quote_in_it_is_what_precedes_the_host_part(void)
{
    static const char *const names[] = { "tpm12-deepquote-command",
                                         "tpm12-deepquote-command-bare" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const WireBytes bytes = wire_sample(names[i]);
        WireTpm12DeepQuoteCommand c;
        uint8_t buf[256];
        WireWriter w = WIRE_WRITER(buf, sizeof(buf));
        WireReader r;
        WireTpmHeader h;

        g_assert_cmphex(wire_decode_tpm12_deepquote_command(bytes, &c), ==, TPM12_SUCCESS);
        g_assert_true(wire_put_tpm12_quote_command(&w, &c));
        r = WIRE_READER(buf, w.len);
        g_assert_true(wire_get_tpm_header(&r, &h));
        g_assert_cmphex(h.tag, ==, i == 0 ? TPM12_TAG_COMMAND_AUTH1 : TPM12_TAG_COMMAND);
        g_assert_cmphex(h.code, ==, TPM12_ORD_Quote2);
        g_assert_cmpuint(h.size, ==, w.len);
        g_assert_cmpmem(r.p, c.quote.len, bytes.p + WIRE_TPM_HEADER_SIZE, c.quote.len);
        g_assert_cmpmem(r.p + c.quote.len, r.left - c.quote.len, c.trailer.p, c.trailer.len);
    }
}

/* One byte of the sample changed, and the code that a TPM 1.2 has for it */
static void each_fault_has_its_code(void)
{
    static const struct {
        size_t at;
        uint8_t value;
        uint32_t code;
    } rows[] = {
        { 0, 0x80, TPM12_BADTAG },
        { 1, 0xC3, TPM12_BADTAG },
        { 5, 0, TPM12_BAD_PARAM_SIZE },       /* paramSize */
        { 9, 0, TPM12_BAD_PARAM_SIZE },       /* another ordinal is none of ours */
        { 35, 0, TPM12_INVALID_PCR_INFO },    /* sizeOfSelect of targetPCR */
        { 35, 5, TPM12_INVALID_PCR_INFO },    /* and too large a one */
        { 43, 5, TPM12_INVALID_PCR_INFO },    /* banks of hostPcrSelect */
        { 45, 0xFF, TPM12_INVALID_PCR_INFO }, /* its hash */
        { 46, 9, TPM12_INVALID_PCR_INFO },    /* its sizeofSelect */
        { 50, 0xFF, TPM12_BAD_PARAMETER },    /* flags */
    };
    const WireBytes bytes = wire_sample("tpm12-deepquote-command-bare");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree uint8_t *copy = g_memdup2(bytes.p, bytes.len);
        WireTpm12DeepQuoteCommand c;

        g_test_message("byte %zu is 0x%02x", rows[i].at, rows[i].value);
        copy[rows[i].at] = rows[i].value;
        g_assert_cmphex(wire_decode_tpm12_deepquote_command((WireBytes){ copy, bytes.len }, &c), ==,
                        rows[i].code);
    }
}

static void what_was_signed_is_put_together(void)
{
    const WireBytes nonce = { (const uint8_t *)"12345678901234567890", TPM12_DIGEST_SIZE };
    const WireBytes names[] = { wire_sample("tpm12-deepquote-response"),
                                wire_sample("tpm12-deepquote-response-alone") };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        WireTpm12QuoteResponse resp;
        WireQuoteInfo2 q;
        uint8_t buf[512];
        WireWriter w = WIRE_WRITER(buf, sizeof(buf));

        g_assert_true(wire_decode_tpm12_deepquote_response(names[i], &resp));
        g_assert_false(wire_put_tpm12_signed(&w, (WireBytes){ nonce.p, 19 }, &resp));
        g_assert_true(wire_put_tpm12_signed(&w, nonce, &resp));
        g_assert_true(wire_decode_quote_info2(wire_written(&w), &q));
        g_assert_true(wire_bytes_equal(q.external_data, nonce));
        g_assert_true(wire_bytes_equal(q.version_info, resp.version_info));
        g_assert_cmpuint(names[i].len - resp.evidence.len, <=, wire_tpm12_response_bound());
    }
}

static void codes_of_tpm2_have_their_counterparts(void)
{
    static const struct {
        uint32_t rc;
        uint32_t code;
    } rows[] = {
        { TPM_RC_SUCCESS, TPM12_SUCCESS },
        { DEEPQUOTE_RC_NO_MANAGER, DEEPQUOTE_RC_NO_MANAGER },
        { DEEPQUOTE_RC_NOT_SHARED, DEEPQUOTE_RC_NOT_SHARED },
        { WIRE_RC_P(TPM_RC_VALUE, 4), TPM12_BAD_PARAMETER },
        { WIRE_RC_P(TPM_RC_INSUFFICIENT, 1), TPM12_BAD_PARAM_SIZE },
        { WIRE_RC_P(TPM_RC_RESERVED_BITS, 5), TPM12_BAD_PARAMETER },
        { WIRE_RC_P(TPM_RC_HASH, 4), TPM12_INVALID_PCR_INFO },
        { TPM_RC_SIZE, TPM12_SIZE },
        { TPM_RC_RETRY, TPM12_RETRY },
        { TPM_RC_FAILURE, TPM12_FAIL },
        { 0x9F0, TPM12_FAIL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmphex(wire_tpm12_code(rows[i].rc), ==, rows[i].code);
    }
    for (uint32_t rc = DEEPQUOTE_RC_NO_MANAGER; rc <= DEEPQUOTE_RC_NOT_SHARED; rc++) {
        g_assert_cmphex(wire_tpm12_code(rc) & TPM12_VENDOR_ERROR, ==, TPM12_VENDOR_ERROR);
        g_assert_cmphex(wire_tpm12_code(rc), <, TPM12_RETRY);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/tpm12/version-information-is-all-there-or-not-at-all",
                    version_information_is_all_there_or_not_at_all);
    g_test_add_func("/wire/tpm12/only-a-quote-info2-is-one", only_a_quote_info2_is_one);
    g_test_add_func("/wire/tpm12/the-pcrs-are-those-of-sha1", the_pcrs_are_those_of_sha1);
    g_test_add_func("/wire/tpm12/a-key-has-its-public-part", a_key_has_its_public_part);
    g_test_add_func("/wire/tpm12/a-public-key-is-skipped-whole-or-not",
                    a_public_key_is_skipped_whole_or_not);
    g_test_add_func("/wire/tpm12/the-quote-in-it-is-what-precedes-the-host-part",
                    the_quote_in_it_is_what_precedes_the_host_part);
    g_test_add_func("/wire/tpm12/each-fault-has-its-code", each_fault_has_its_code);
    g_test_add_func("/wire/tpm12/what-was-signed-is-put-together", what_was_signed_is_put_together);
    g_test_add_func("/wire/tpm12/codes-of-tpm2-have-their-counterparts",
                    codes_of_tpm2_have_their_counterparts);
    return g_test_run();
}
