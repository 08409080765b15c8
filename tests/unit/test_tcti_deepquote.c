/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCTI that turns TPM2_Quote into TPM2_DeepQuote, in front of a TPM that says what it is told.
 */
#include "tcti_deepquote.h"

#include <string.h>

/** A TPM that keeps the last command and answers with prepared bytes. */
typedef struct FakeTpm {
    TSS2_TCTI_CONTEXT_COMMON_V2 common;
    uint8_t command[WIRE_TPM_BUFFER_MAX];
    size_t command_size;
    uint8_t response[WIRE_TPM_BUFFER_MAX];
    size_t response_size;
    unsigned sent;
    unsigned try_again; /* how many receives say TRY_AGAIN first */
    TSS2_RC receive_rc;
} FakeTpm;

typedef struct Fixture {
    FakeTpm fake;
    TSS2_TCTI_CONTEXT *tcti;
    WirePcrSelection host;
} Fixture;

static const uint8_t quote_command[] = {
    0x80, 0x02, 0,   0,   0,    57,   0,   0,   0x01, 0x58,              /* header */
    0x80, 0,    0,   0,                                                  /* signHandle */
    0,    0,    0,   9,   0x40, 0,    0,   9,   0,    0,    0,   0,   0, /* password session, empty
                                                                          */
    0,    16,   'n', 'o', 'n',  'c',  'e', ' ', 'o',  'f',  ' ', '1', '6', ' ',
    'b',  'y',  't', 'e',                                /* qualifyingData */
    0,    0x10,                                          /* inScheme */
    0,    0,    0,   1,   0,    0x0b, 3,   1,   0,    0, /* PCRselect */
};

static TSS2_RC fake_transmit(TSS2_TCTI_CONTEXT *ctx, size_t size, const uint8_t *command)
{
    FakeTpm *f = (FakeTpm *)ctx;

    g_assert_cmpuint(size, <=, sizeof(f->command));
    memcpy(f->command, command, size);
    f->command_size = size;
    f->sent++;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC fake_receive(TSS2_TCTI_CONTEXT *ctx, size_t *size, uint8_t *response,
                            int32_t timeout)
{
    FakeTpm *f = (FakeTpm *)ctx;

    (void)timeout;
    if (f->receive_rc != TSS2_RC_SUCCESS) {
        return f->receive_rc;
    }
    if (f->try_again > 0) {
        f->try_again--;
        return TSS2_TCTI_RC_TRY_AGAIN;
    }
    g_assert_cmpuint(*size, >=, f->response_size);
    memcpy(response, f->response, f->response_size);
    *size = f->response_size;
    return TSS2_RC_SUCCESS;
}

static void set_up(Fixture *fx, gconstpointer data)
{
    (void)data;
    memset(fx, 0, sizeof(*fx));
    fx->fake.common.v1.version = 2;
    fx->fake.common.v1.transmit = fake_transmit;
    fx->fake.common.v1.receive = fake_receive;
    fx->tcti = tcti_deepquote_new((TSS2_TCTI_CONTEXT *)&fx->fake);
    g_assert_true(wire_pcr_select(&fx->host, TPM_ALG_SHA256, 7));
}

static void tear_down(Fixture *fx, gconstpointer data)
{
    (void)data;
    tcti_deepquote_free(fx->tcti);
}

G_STATIC_ASSERT(sizeof(quote_command) == 57);

static const uint8_t attest_bytes[] = { 'a', 't', 't', 'e', 's', 't' };
static const uint8_t evidence_bytes[] = { 'e', 'v', 'i' };
static const uint8_t auth_bytes[] = { 0, 0, 1, 0, 0 };

/** A successful response: with evidence that of TPM2_DeepQuote, without that of TPM2_Quote. */
static size_t put_response(uint8_t *buf, size_t cap, bool evidence)
{
    WireWriter w = WIRE_WRITER(buf, cap);
    const WireTpmHeader h = { TPM_ST_SESSIONS, 0, TPM_RC_SUCCESS };
    const WireSignature none = { .alg = TPM_ALG_NULL };
    size_t mark = 0;

    g_assert_true(wire_put_tpm_header(&w, &h) && wire_open_u32(&w, &mark) &&
                  wire_put_tpm2b(&w, (WireBytes){ attest_bytes, sizeof(attest_bytes) }) &&
                  wire_put_signature(&w, &none));
    if (evidence) {
        g_assert_true(wire_put_u32(&w, TPM_RC_SUCCESS) &&
                      wire_put_tpm2b(&w, (WireBytes){ evidence_bytes, sizeof(evidence_bytes) }));
    }
    g_assert_true(wire_close_u32(&w, mark) &&
                  wire_put_bytes(&w, (WireBytes){ auth_bytes, sizeof(auth_bytes) }) &&
                  wire_set_u32(&w, 2, (uint32_t)w.len));
    return w.len;
}

static void send_quote(Fixture *fx)
{
    g_assert_cmphex(Tss2_Tcti_Transmit(fx->tcti, sizeof(quote_command), quote_command), ==, 0);
}

static void test_appends_selection_and_flags(Fixture *fx, gconstpointer data)
{
    static const uint8_t tail[] = { 0, 0, 0, 1, 0, 0x0b, 3, 0x80, 0, 0, 0, 0, 0, 0x11 };
    static const uint8_t code[] = { 0x20, 0, 0x0d, 0x01 };
    const size_t n = sizeof(quote_command);

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0x11);
    send_quote(fx);
    g_assert_cmpuint(fx->fake.command_size, ==, n + sizeof(tail));
    g_assert_cmpuint(fx->fake.command[5], ==, n + sizeof(tail));
    g_assert_cmpmem(fx->fake.command + 6, 4, code, 4);
    g_assert_cmpmem(fx->fake.command + 10, n - 10, quote_command + 10, n - 10);
    g_assert_cmpmem(fx->fake.command + n, sizeof(tail), tail, sizeof(tail));
}

static void test_the_command_is_a_deepquote(Fixture *fx, gconstpointer data)
{
    WireDeepQuoteCommand c;

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, DEEPQUOTE_HASH_UUID);
    send_quote(fx);
    g_assert_cmphex(
        wire_decode_deepquote_command((WireBytes){ fx->fake.command, fx->fake.command_size }, &c),
        ==, TPM_RC_SUCCESS);
    g_assert_cmpmem(c.qualifying_data.p, c.qualifying_data.len, "nonce of 16 byte", 16);
    g_assert_true(wire_pcr_selected(&c.host_pcrs.bank[0], 7));
    g_assert_cmpuint(c.flags, ==, DEEPQUOTE_HASH_UUID);
}

static void test_passes_quote_when_not_armed(Fixture *fx, gconstpointer data)
{
    const size_t n = sizeof(quote_command);

    (void)data;
    send_quote(fx);
    g_assert_cmpmem(fx->fake.command, fx->fake.command_size, quote_command, n);
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    tcti_deepquote_disarm(fx->tcti);
    send_quote(fx);
    g_assert_cmpmem(fx->fake.command, fx->fake.command_size, quote_command, n);
}

static void test_passes_other_commands(Fixture *fx, gconstpointer data)
{
    static const uint8_t read_clock[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x81 };
    static const uint8_t answer[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x01 };
    uint8_t buf[64];
    size_t size = sizeof(buf);

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    memcpy(fx->fake.response, answer, sizeof(answer));
    fx->fake.response_size = sizeof(answer);
    g_assert_cmpuint(Tss2_Tcti_Transmit(fx->tcti, sizeof(read_clock), read_clock), ==, 0);
    g_assert_cmpmem(fx->fake.command, fx->fake.command_size, read_clock, sizeof(read_clock));
    g_assert_cmpuint(Tss2_Tcti_Receive(fx->tcti, &size, buf, -1), ==, 0);
    g_assert_cmpmem(buf, size, answer, sizeof(answer));
}

static void test_passes_a_quote_that_lies_about_its_size(Fixture *fx, gconstpointer data)
{
    uint8_t command[sizeof(quote_command)];
    const size_t n = sizeof(command);

    (void)data;
    memcpy(command, quote_command, n);
    command[5]++;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    g_assert_cmpuint(Tss2_Tcti_Transmit(fx->tcti, n, command), ==, TSS2_RC_SUCCESS);
    g_assert_cmpmem(fx->fake.command, fx->fake.command_size, command, n);
}

static void test_refuses_a_command_that_would_not_fit(Fixture *fx, gconstpointer data)
{
    uint8_t command[WIRE_TPM_BUFFER_MAX] = { 0 };
    WireWriter w = WIRE_WRITER(command, sizeof(command));
    const WireTpmHeader h = { TPM_ST_SESSIONS, sizeof(command) - 13, TPM_CC_Quote };

    (void)data;
    g_assert_true(wire_put_tpm_header(&w, &h));
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    g_assert_cmphex(Tss2_Tcti_Transmit(fx->tcti, sizeof(command) - 13, command), ==,
                    TSS2_TCTI_RC_BAD_VALUE);
    g_assert_cmpuint(fx->fake.sent, ==, 0);
    /* 14 bytes are appended: one byte less fits */
    g_assert_true(wire_set_u32(&w, 2, sizeof(command) - 14));
    g_assert_cmphex(Tss2_Tcti_Transmit(fx->tcti, sizeof(command) - 14, command), ==, 0);
    g_assert_cmpuint(fx->fake.command_size, ==, sizeof(command));
}

static void test_takes_the_evidence_out(Fixture *fx, gconstpointer data)
{
    uint8_t want[256], got[256];
    size_t want_size = put_response(want, sizeof(want), false), size = sizeof(got);
    g_autoptr(GBytes) evidence = NULL;

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    fx->fake.response_size = put_response(fx->fake.response, sizeof(fx->fake.response), true);
    send_quote(fx);
    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, got, -1), ==, TSS2_RC_SUCCESS);
    g_assert_cmpmem(got, size, want, want_size);
    evidence = tcti_deepquote_take_evidence(fx->tcti);
    g_assert_nonnull(evidence);
    g_assert_cmpmem(g_bytes_get_data(evidence, NULL), g_bytes_get_size(evidence), evidence_bytes,
                    sizeof(evidence_bytes));
    g_assert_null(tcti_deepquote_take_evidence(fx->tcti));
}

static void test_tells_the_size_before_it_is_read(Fixture *fx, gconstpointer data)
{
    uint8_t want[256], got[256];
    size_t want_size = put_response(want, sizeof(want), false), size = 0;

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    fx->fake.response_size = put_response(fx->fake.response, sizeof(fx->fake.response), true);
    fx->fake.try_again = 2;
    send_quote(fx);
    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, NULL, 0), ==, TSS2_TCTI_RC_TRY_AGAIN);
    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, NULL, 0), ==, TSS2_TCTI_RC_TRY_AGAIN);
    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, NULL, 0), ==, TSS2_RC_SUCCESS);
    g_assert_cmpuint(size, ==, want_size);
    size = want_size - 1;
    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, got, 0), ==,
                    TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    g_assert_cmpuint(size, ==, want_size);
    g_assert_cmphex(Tss2_Tcti_Transmit(fx->tcti, 1, got), ==, TSS2_TCTI_RC_BAD_SEQUENCE);
    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, got, 0), ==, TSS2_RC_SUCCESS);
    g_assert_cmpmem(got, size, want, want_size);
}

static void test_passes_errors_to_the_caller(Fixture *fx, gconstpointer data)
{
    static const uint8_t denied[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x05, 0x02 };
    uint8_t got[64];
    size_t size = sizeof(got);

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    memcpy(fx->fake.response, denied, sizeof(denied));
    fx->fake.response_size = sizeof(denied);
    send_quote(fx);
    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, got, -1), ==, TSS2_RC_SUCCESS);
    g_assert_cmpmem(got, size, denied, sizeof(denied));
    g_assert_null(tcti_deepquote_take_evidence(fx->tcti));
}

static void test_reports_a_transport_failure_once(Fixture *fx, gconstpointer data)
{
    uint8_t got[64];
    size_t size = sizeof(got);

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    send_quote(fx);
    fx->fake.receive_rc = TSS2_TCTI_RC_IO_ERROR;
    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, got, -1), ==, TSS2_TCTI_RC_IO_ERROR);
    send_quote(fx);
    g_assert_cmpuint(fx->fake.sent, ==, 2);
}

/** Expects @size bytes in the fake's response to be refused, and nothing to come of them. */
static void expect_refused(Fixture *fx, size_t response_size)
{
    uint8_t got[256];
    size_t size = sizeof(got);

    memset(got, 0xa5, sizeof(got));
    fx->fake.response_size = response_size;
    send_quote(fx);
    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, got, -1), ==,
                    TSS2_TCTI_RC_MALFORMED_RESPONSE);
    g_assert_cmpuint(size, ==, sizeof(got));
    for (size_t i = 0; i < sizeof(got); i++) {
        g_assert_cmphex(got[i], ==, 0xa5);
    }
    g_assert_null(tcti_deepquote_take_evidence(fx->tcti));
}

static void test_refuses_each_truncation(Fixture *fx, gconstpointer data)
{
    size_t whole = put_response(fx->fake.response, sizeof(fx->fake.response), true);

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    for (size_t n = 0; n < whole; n++) {
        expect_refused(fx, n);
    }
}

static void test_refuses_a_truncation_that_admits_it(Fixture *fx, gconstpointer data)
{
    size_t whole = put_response(fx->fake.response, sizeof(fx->fake.response), true);

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    for (size_t n = WIRE_TPM_HEADER_SIZE; n < whole - sizeof(auth_bytes); n++) {
        fx->fake.response[5] = (uint8_t)n;
        expect_refused(fx, n);
    }
}

static void test_refuses_lying_sizes(Fixture *fx, gconstpointer data)
{
    static const size_t size_fields[] = { 2, 5, 10, 13, 14, 15 };
    size_t whole = put_response(fx->fake.response, sizeof(fx->fake.response), true);

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(size_fields); i++) {
        for (int delta = -1; delta <= 1; delta += 2) {
            uint8_t *field = fx->fake.response + size_fields[i];

            *field = (uint8_t)(*field + delta);
            expect_refused(fx, whole);
            *field = (uint8_t)(*field - delta);
        }
    }
    expect_refused(fx, whole + 1);
}

static void test_refuses_a_response_without_evidence(Fixture *fx, gconstpointer data)
{
    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    expect_refused(fx, put_response(fx->fake.response, sizeof(fx->fake.response), false));
}

static void test_refuses_an_error_with_a_body(Fixture *fx, gconstpointer data)
{
    static const uint8_t chatty[] = { 0x80, 0x01, 0, 0, 0, 11, 0, 0, 0x05, 0x02, 0 };

    (void)data;
    tcti_deepquote_arm(fx->tcti, &fx->host, 0);
    memcpy(fx->fake.response, chatty, sizeof(chatty));
    expect_refused(fx, sizeof(chatty));
}

static void test_refuses_another_context(Fixture *fx, gconstpointer data)
{
    size_t size = 0;

    (void)data;
    TSS2_TCTI_CONTEXT_COMMON_V1 *v1 = (TSS2_TCTI_CONTEXT_COMMON_V1 *)fx->tcti;
    TSS2_TCTI_CONTEXT *other = (TSS2_TCTI_CONTEXT *)&fx->fake;

    g_assert_cmphex(v1->transmit(other, 0, (const uint8_t *)""), ==, TSS2_TCTI_RC_BAD_REFERENCE);
    g_assert_cmphex(v1->receive(other, &size, NULL, 0), ==, TSS2_TCTI_RC_BAD_REFERENCE);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(Fixture *fx, gconstpointer data);
    } tests[] = {
        { "command/appends-selection-and-flags", test_appends_selection_and_flags },
        { "command/is-a-deepquote", test_the_command_is_a_deepquote },
        { "command/passes-quote-when-not-armed", test_passes_quote_when_not_armed },
        { "command/passes-others", test_passes_other_commands },
        { "command/passes-a-lying-size", test_passes_a_quote_that_lies_about_its_size },
        { "command/refuses-what-would-not-fit", test_refuses_a_command_that_would_not_fit },
        { "response/takes-the-evidence-out", test_takes_the_evidence_out },
        { "response/tells-the-size-first", test_tells_the_size_before_it_is_read },
        { "response/passes-errors", test_passes_errors_to_the_caller },
        { "response/reports-a-transport-failure-once", test_reports_a_transport_failure_once },
        { "response/refuses-each-truncation", test_refuses_each_truncation },
        { "response/refuses-an-admitted-truncation", test_refuses_a_truncation_that_admits_it },
        { "response/refuses-lying-sizes", test_refuses_lying_sizes },
        { "response/refuses-missing-evidence", test_refuses_a_response_without_evidence },
        { "response/refuses-an-error-with-a-body", test_refuses_an_error_with_a_body },
        { "context/refuses-another", test_refuses_another_context },
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/tcti-deepquote/", tests[i].path, NULL);

        g_test_add(path, Fixture, NULL, set_up, tests[i].run, tear_down);
    }
    return g_test_run();
}
