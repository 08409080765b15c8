/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tpm2_deepquote reads: keys, context files, and what a TPM answers. */
#include "tpm2_deepquote_context.h"
#include "tpm2_deepquote_interrupt.h"
#include "tpm2_deepquote_pcr.h"
#include "tpm2_deepquote_quote.h"
#include "tpm2_deepquote_scheme.h"

#include "common/pcr-list.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** A TPM that answers with prepared responses, one after the other; the last one for ever. */
typedef struct FakeTpm {
    TSS2_TCTI_CONTEXT_COMMON_V2 common;
    struct {
        uint8_t bytes[512];
        size_t size;
    } answer[8];
    unsigned count, next;
} FakeTpm;

static TSS2_RC fake_transmit(TSS2_TCTI_CONTEXT *ctx, size_t size, const uint8_t *command)
{
    (void)ctx;
    (void)size;
    (void)command;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC fake_receive(TSS2_TCTI_CONTEXT *ctx, size_t *size, uint8_t *response,
                            int32_t timeout)
{
    FakeTpm *f = (FakeTpm *)ctx;
    unsigned i = MIN(f->next, f->count - 1);

    (void)timeout;
    f->next++;
    memcpy(response, f->answer[i].bytes, f->answer[i].size);
    *size = f->answer[i].size;
    return TSS2_RC_SUCCESS;
}

static void fake_init(FakeTpm *f)
{
    memset(f, 0, sizeof(*f));
    f->common.v1.version = 2;
    f->common.v1.transmit = fake_transmit;
    f->common.v1.receive = fake_receive;
}

/** Adds an answer to TPM2_PCR_Read with sha256 PCRs @from to @to - 1, filled with their number. */
static void fake_add_pcrs(FakeTpm *f, uint32_t counter, unsigned from, unsigned to)
{
    WireWriter w = WIRE_WRITER(f->answer[f->count].bytes, sizeof(f->answer[0].bytes));
    const WireTpmHeader h = { TPM_ST_NO_SESSIONS, 0, TPM_RC_SUCCESS };
    WirePcrSelection s = { 0 };

    for (unsigned i = from; i < to; i++) {
        g_assert_true(wire_pcr_select(&s, TPM_ALG_SHA256, i));
    }
    g_assert_true(wire_put_tpm_header(&w, &h) && wire_put_u32(&w, counter) &&
                  wire_put_pcr_selection(&w, &s) && wire_put_u32(&w, to - from));
    for (unsigned i = from; i < to; i++) {
        uint8_t digest[32];

        memset(digest, (int)i, sizeof(digest));
        g_assert_true(wire_put_tpm2b(&w, (WireBytes){ digest, sizeof(digest) }));
    }
    g_assert_true(wire_set_u32(&w, 2, (uint32_t)w.len));
    f->answer[f->count++].size = w.len;
}

static void test_reads_pcrs_over_several_answers(void)
{
    FakeTpm f;
    WirePcrSelection s;
    g_autoptr(GByteArray) values = NULL;
    g_autoptr(GError) error = NULL;

    fake_init(&f);
    fake_add_pcrs(&f, 5, 0, 8);
    fake_add_pcrs(&f, 5, 8, 10);
    g_assert_true(pcr_list_parse("-l", "sha256:0,1,2,3,4,5,6,7,8,9", &s, NULL));
    g_assert_true(pcr_read((TSS2_TCTI_CONTEXT *)&f, TPM_CC_PCR_Read, &s, &values, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(values->len, ==, 320);
    for (unsigned i = 0; i < 320; i++) {
        g_assert_cmpuint(values->data[i], ==, i / 32);
    }
}

static void test_reads_again_when_a_pcr_changed(void)
{
    FakeTpm f;
    WirePcrSelection s;
    g_autoptr(GByteArray) values = NULL;

    fake_init(&f);
    fake_add_pcrs(&f, 5, 0, 8);
    fake_add_pcrs(&f, 6, 8, 10);
    fake_add_pcrs(&f, 6, 0, 8);
    fake_add_pcrs(&f, 6, 8, 10);
    g_assert_true(pcr_list_parse("-l", "sha256:0,1,2,3,4,5,6,7,8,9", &s, NULL));
    g_assert_true(pcr_read((TSS2_TCTI_CONTEXT *)&f, TPM_CC_PCR_Read, &s, &values, NULL));
    g_assert_cmpuint(values->len, ==, 320);
    g_assert_cmpuint(f.next, ==, 4);
}

/** Expects reading sha256:0,1 from @f to fail with @code. */
static void expect_read_error(FakeTpm *f, int code)
{
    WirePcrSelection s;
    GByteArray *values = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(pcr_list_parse("-l", "sha256:0,1", &s, NULL));
    g_assert_false(pcr_read((TSS2_TCTI_CONTEXT *)f, TPM_CC_PCR_Read, &s, &values, &error));
    g_assert_error(error, VTPM_ERROR, code);
    g_assert_null(values);
}

static void test_refuses_malformed_pcr_answers(void)
{
    FakeTpm f;
    size_t whole;

    fake_init(&f);
    fake_add_pcrs(&f, 5, 0, 2);
    whole = f.answer[0].size;
    for (size_t n = 10; n < whole; n++) {
        f.answer[0].size = n;
        f.answer[0].bytes[5] = (uint8_t)n;
        expect_read_error(&f, VTPM_ERROR_MALFORMED);
    }
    f.answer[0].size = whole;
    expect_read_error(&f, VTPM_ERROR_TPM); /* declares fewer bytes than came */

    fake_init(&f);
    fake_add_pcrs(&f, 5, 1, 3); /* 2 was not asked for */
    expect_read_error(&f, VTPM_ERROR_MALFORMED);

    fake_init(&f);
    fake_add_pcrs(&f, 5, 0, 2);
    f.answer[0].bytes[19] = TPM_ALG_SHA384; /* the bank's name does not match the sizes */
    expect_read_error(&f, VTPM_ERROR_MALFORMED);
}

static void test_reads_a_bank_that_is_named_twice_twice(void)
{
    FakeTpm f;
    WirePcrSelection s;
    g_autoptr(GByteArray) values = NULL;

    fake_init(&f);
    fake_add_pcrs(&f, 5, 1, 2);
    fake_add_pcrs(&f, 5, 0, 2);
    g_assert_true(pcr_list_parse("-l", "sha256:1+sha256:0,1", &s, NULL));
    g_assert_true(pcr_read((TSS2_TCTI_CONTEXT *)&f, TPM_CC_PCR_Read, &s, &values, NULL));
    g_assert_cmpuint(values->len, ==, 96);
    g_assert_cmpuint(values->data[0], ==, 1);
    g_assert_cmpuint(values->data[32], ==, 0);
    g_assert_cmpuint(values->data[64], ==, 1);
}

static void test_an_interrupt_ends_the_reading(void)
{
    FakeTpm f;

    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 10 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_failed(); /* by the signal, in the end */
        g_test_trap_assert_stdout("*not read*");
        g_test_trap_assert_stdout_unmatched("*lived on*");
        return;
    }
    fake_init(&f);
    fake_add_pcrs(&f, 5, 0, 2);
    interrupt_hold();
    g_assert_true(interrupt_check(NULL));
    kill(getpid(), SIGTERM);
    while (interrupt_check(NULL)) {
        g_usleep(1000);
    }
    expect_read_error(&f, VTPM_ERROR_INTERRUPTED);
    g_assert_cmpuint(f.next, ==, 0);
    puts("not read");
    fflush(stdout);
    interrupt_release();
    puts("lived on");
    fflush(stdout);
}

static void test_a_missing_bank_is_an_error(void)
{
    FakeTpm f;

    fake_init(&f);
    fake_add_pcrs(&f, 5, 0, 0);
    expect_read_error(&f, VTPM_ERROR_TPM);
}

static void test_compares_pcr_digests(void)
{
    static const uint8_t abc[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                   0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                   0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad };
    g_autoptr(GByteArray) values = g_byte_array_new();

    g_byte_array_append(values, (const uint8_t *)"abc", 3);
    g_assert_true(pcr_digest_equals(values, (WireBytes){ abc, sizeof(abc) }));
    g_assert_false(pcr_digest_equals(values, (WireBytes){ abc, sizeof(abc) - 1 }));
    g_assert_false(pcr_digest_equals(values, (WireBytes){ abc, 0 }));
    values->data[0] ^= 1;
    g_assert_false(pcr_digest_equals(values, (WireBytes){ abc, sizeof(abc) }));
}

static const uint8_t context_file[] = {
    0xba, 0xdc, 0xc0, 0xde, 0,   0, 0, 1, /* magic, version */
    0x40, 0,    0,    0x0b,               /* hierarchy */
    0x80, 0,    0,    0,                  /* savedHandle */
    0,    0,    0,    0,    0,   0, 1, 2, /* sequence */
    0,    3,    'a',  'b',  'c',          /* contextBlob */
};

static void test_reads_context_files_of_tpm2_tools(void)
{
    TPMS_CONTEXT c;

    g_assert_true(context_parse((WireBytes){ context_file, sizeof(context_file) }, &c));
    g_assert_cmphex(c.hierarchy, ==, TPM2_RH_ENDORSEMENT);
    g_assert_cmphex(c.savedHandle, ==, 0x80000000);
    g_assert_cmphex(c.sequence, ==, 0x102);
    g_assert_cmpmem(c.contextBlob.buffer, c.contextBlob.size, "abc", 3);
}

static void test_refuses_other_context_files(void)
{
    uint8_t file[sizeof(context_file) + 1] = { 0 };
    static const size_t places[] = { 0, 3, 7, 24, 25 };
    TPMS_CONTEXT c;

    memcpy(file, context_file, sizeof(context_file));
    for (size_t n = 0; n < sizeof(context_file); n++) {
        g_assert_false(context_parse((WireBytes){ file, n }, &c));
    }
    g_assert_false(context_parse((WireBytes){ file, sizeof(file) }, &c));
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        file[places[i]] ^= 1;
        g_assert_false(context_parse((WireBytes){ file, sizeof(context_file) }, &c));
        file[places[i]] ^= 1;
    }
}

static void test_reads_and_writes_sessions_of_tpm2_tools(void)
{
    static const uint8_t start[] = { 0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 2, TPM2_SE_POLICY, 0, 0x0b };
    uint8_t file[sizeof(start) + sizeof(context_file) + 1] = { 0 };
    const WireBytes whole = { file, sizeof(file) - 1 };
    g_autoptr(GBytes) again = NULL;
    SessionContext s;

    memcpy(file, start, sizeof(start));
    memcpy(file + sizeof(start), context_file, sizeof(context_file));
    for (size_t n = 0; n < whole.len; n++) {
        g_assert_false(session_context_parse((WireBytes){ file, n }, &s));
    }
    g_assert_false(session_context_parse((WireBytes){ file, sizeof(file) }, &s));
    g_assert_false(session_context_parse((WireBytes){ context_file, sizeof(context_file) }, &s));
    g_assert_true(session_context_parse(whole, &s));
    g_assert_cmpuint(s.type, ==, TPM2_SE_POLICY);
    g_assert_cmphex(s.hash, ==, TPM2_ALG_SHA256);
    again = session_context_format(&s);
    g_assert_cmpmem(g_bytes_get_data(again, NULL), g_bytes_get_size(again), file, whole.len);
}

/** A signing key on NIST P-256 by ECDSA with SHA-256, to be changed. */
static TPMT_PUBLIC good_key(void)
{
    TPM2B_PUBLIC p;

    g_assert_true(scheme_template("ecc", (SchemeChoice){ 0, 0 }, &p, NULL));
    return p.publicArea;
}

static void expect_no_scheme(const TPMT_PUBLIC *p, SchemeChoice choice, const char *word)
{
    TPMT_SIG_SCHEME s = { .scheme = 0xa5a5 };
    g_autoptr(GError) error = NULL;

    g_assert_false(scheme_for_key(p, choice, &s, &error));
    g_assert_error(error, VTPM_ERROR, VTPM_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, word));
    g_assert_cmphex(s.scheme, ==, 0xa5a5);
}

static void test_keys_that_cannot_sign_are_told_apart(void)
{
    const SchemeChoice any = { 0, 0 };
    TPMT_PUBLIC p = good_key();

    p.objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    expect_no_scheme(&p, any, "endorsement or storage key");
    p.objectAttributes = TPMA_OBJECT_DECRYPT;
    expect_no_scheme(&p, any, "decrypts and cannot sign");
    p = good_key();
    p.type = TPM2_ALG_KEYEDHASH;
    expect_no_scheme(&p, any, "HMAC");
    p.type = TPM2_ALG_SYMCIPHER;
    expect_no_scheme(&p, any, "symmetric");
    p = good_key();
    p.parameters.eccDetail.curveID = TPM2_ECC_NIST_P224;
    expect_no_scheme(&p, any, "P-256");
    p.type = TPM2_ALG_RSA;
    p.parameters.rsaDetail.keyBits = 1024;
    expect_no_scheme(&p, any, "2048");
}

static void test_refuses_schemes_that_no_verifier_takes(void)
{
    const SchemeChoice any = { 0, 0 };
    TPMT_PUBLIC p = good_key();
    TPMT_SIG_SCHEME s;

    g_assert_true(scheme_for_key(&p, any, &s, NULL));
    g_assert_cmphex(s.scheme, ==, TPM2_ALG_ECDSA);
    g_assert_cmphex(s.details.any.hashAlg, ==, TPM2_ALG_SHA256);
    expect_no_scheme(&p, (SchemeChoice){ 0, TPM2_ALG_SHA384 }, "-g");
    expect_no_scheme(&p, (SchemeChoice){ TPM2_ALG_RSASSA, 0 }, "--scheme");
    p.parameters.eccDetail.scheme.details.anySig.hashAlg = TPM2_ALG_SHA1;
    expect_no_scheme(&p, any, "SHA-1");
    p.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECSCHNORR;
    expect_no_scheme(&p, any, "ecschnorr");
    p.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    expect_no_scheme(&p, (SchemeChoice){ TPM2_ALG_ECSCHNORR, 0 }, "ecschnorr");
    expect_no_scheme(&p, (SchemeChoice){ TPM2_ALG_RSAPSS, 0 }, "no RSA key");
    expect_no_scheme(&p, (SchemeChoice){ 0, TPM2_ALG_SHA1 }, "SHA-1");
    expect_no_scheme(NULL, (SchemeChoice){ 0, TPM2_ALG_SHA1 }, "SHA-1");
    g_assert_true(scheme_for_key(&p, (SchemeChoice){ 0, TPM2_ALG_SHA512 }, &s, NULL));
    g_assert_cmphex(s.details.any.hashAlg, ==, TPM2_ALG_SHA512);
    g_assert_true(scheme_for_key(NULL, any, &s, NULL));
}

static void test_reads_names_and_numbers_of_schemes(void)
{
    g_assert_cmphex(scheme_parse("ecdsa"), ==, TPM2_ALG_ECDSA);
    g_assert_cmphex(scheme_parse("0x18"), ==, TPM2_ALG_ECDSA);
    g_assert_cmphex(scheme_parse("20"), ==, TPM2_ALG_RSASSA);
    g_assert_cmphex(scheme_parse("sha256"), ==, 0);
    g_assert_cmphex(scheme_parse("0x0b"), ==, 0);
    g_assert_cmphex(scheme_parse(""), ==, 0);
}

static void test_explains_vendor_codes(void)
{
    static const struct {
        TSS2_RC rc;
        const char *word;
    } cases[] = {
        { 0x501, "vtpm-managerd" },
        { 0x502, "register" },
        { 0x503, "lockout" },
        { 0x504, "timeout=" },
        { 0x506, "--share-logs" },
        { TSS2_RESMGR_TPM_RC_LAYER | 0x502, "register" },
        { TPM2_RC_COMMAND_CODE, "swtpm-deepquote" },
        { TPM2_RC_S | TPM2_RC_1 | TPM2_RC_AUTH_FAIL, "-p" },
        { TPM2_RC_S | TPM2_RC_1 | TPM2_RC_BAD_AUTH, "-p" },
        { TPM2_RC_P | TPM2_RC_4 | TPM2_RC_VALUE, "--host-pcr-list" },
        { TPM2_RC_P | TPM2_RC_5 | TPM2_RC_RESERVED_BITS, "--flags" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(vtpm_check(cases[i].rc, "deep quote", &error));
        g_assert_nonnull(strstr(error->message, cases[i].word));
    }
    g_assert_true(vtpm_check(TSS2_RC_SUCCESS, "deep quote", NULL));
    g_assert_null(vtpm_explain(TPM2_RC_P | TPM2_RC_1 | TPM2_RC_VALUE));
    g_assert_null(vtpm_explain(TPM2_RC_NV_RATE));
}

static void test_credentials_come_page_by_page(void)
{
    FakeTpm f;
    Vtpm vtpm = { .tcti = (TSS2_TCTI_CONTEXT *)&f };
    g_autoptr(GBytes) all = NULL;
    gsize size;
    const uint8_t *data;
    static const uint8_t pages[][20] = {
        { 0x80, 1, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 0, 5, 0, 3, 'a', 'b', 'c' },
        { 0x80, 1, 0, 0, 0, 10, 0, 0, 0x09, 0x22 }, /* RETRY: others want theirs */
        { 0x80, 1, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 5, 0, 2, 'd', 'e' },
    };

    fake_init(&f);
    for (f.count = 0; f.count < G_N_ELEMENTS(pages); f.count++) {
        memcpy(f.answer[f.count].bytes, pages[f.count], sizeof(pages[0]));
        f.answer[f.count].size = pages[f.count][5];
    }
    all = host_credential_read(&vtpm, DEEPQUOTE_HOST_AK_PUBLIC, NULL);
    g_assert_nonnull(all);
    data = g_bytes_get_data(all, &size);
    g_assert_cmpmem(data, size, "abcde", 5);
}

static void test_refuses_pages_that_lead_nowhere(void)
{
    static const struct {
        uint8_t bytes[20];
        int code;
    } cases[] = {
        { { 0x80, 1, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0 },
          VTPM_ERROR_MALFORMED },                                                   /* empty */
        { { 0x80, 1, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, VTPM_ERROR_TPM }, /* none */
        { { 0x80, 1, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 'a', 'b' }, VTPM_ERROR_MALFORMED },
        { { 0x80, 1, 0, 0, 0, 17, 0, 0, 0, 0, 9, 0, 0, 0, 0, 1, 'a' }, VTPM_ERROR_MALFORMED },
        { { 0x80, 1, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, 'a', 'b' }, VTPM_ERROR_MALFORMED },
        { { 0x80, 1, 0, 0, 0, 10, 0, 0, 5, 2 }, VTPM_ERROR_TPM }, /* denied */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeTpm f;
        Vtpm vtpm = { .tcti = (TSS2_TCTI_CONTEXT *)&f };
        g_autoptr(GError) error = NULL;

        fake_init(&f);
        memcpy(f.answer[0].bytes, cases[i].bytes, sizeof(cases[i].bytes));
        f.answer[0].size = cases[i].bytes[5];
        f.count = 1;
        g_assert_null(host_credential_read(&vtpm, 0, &error));
        g_assert_error(error, VTPM_ERROR, cases[i].code);
    }
}

static void test_error_domain_has_its_name(void)
{
    g_assert_cmpstr(g_quark_to_string(VTPM_ERROR), ==, "vtpm_error");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(void);
    } tests[] = {
        { "pcr-read/over-several-answers", test_reads_pcrs_over_several_answers },
        { "pcr-read/again-when-one-changed", test_reads_again_when_a_pcr_changed },
        { "pcr-read/refuses-malformed-answers", test_refuses_malformed_pcr_answers },
        { "pcr-read/a-bank-named-twice-twice", test_reads_a_bank_that_is_named_twice_twice },
        { "pcr-read/an-interrupt-ends-it", test_an_interrupt_ends_the_reading },
        { "pcr-read/a-missing-bank-is-an-error", test_a_missing_bank_is_an_error },
        { "pcr-digest/compares", test_compares_pcr_digests },
        { "context/of-tpm2-tools", test_reads_context_files_of_tpm2_tools },
        { "context/refuses-others", test_refuses_other_context_files },
        { "session/of-tpm2-tools", test_reads_and_writes_sessions_of_tpm2_tools },
        { "scheme/keys-that-cannot-sign", test_keys_that_cannot_sign_are_told_apart },
        { "scheme/refuses-what-no-verifier-takes", test_refuses_schemes_that_no_verifier_takes },
        { "scheme/names-and-numbers", test_reads_names_and_numbers_of_schemes },
        { "explain/vendor-codes", test_explains_vendor_codes },
        { "error/domain-has-its-name", test_error_domain_has_its_name },
        { "credential/page-by-page", test_credentials_come_page_by_page },
        { "credential/refuses-pages-that-lead-nowhere", test_refuses_pages_that_lead_nowhere },
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/tpm2-deepquote/", tests[i].path, NULL);

        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
