/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an appraisal finds lowers a verdict, and never raises it. */
#include "verify_fixture.h"

#include <string.h>

/** What the appraiser is to say, and what it was given. */
typedef struct Appraiser {
    DqResult result;
    guint calls;
    guint host, vtpm;
    gboolean host_as_made; /* each value is the one that the host's TPM quoted */
} Appraiser;

static void appraise(const DqQuotedPcrs *pcrs, DqVerdict *verdict, gpointer data)
{
    Appraiser *a = data;

    a->calls++;
    a->host = (guint)pcrs->host_count;
    a->vtpm = (guint)pcrs->vtpm_count;
    a->host_as_made = TRUE;
    for (guint i = 0; i < a->host; i++) {
        uint8_t value[DQ_HASH_SIZE];

        maker_pcr("host", pcrs->host[i].alg, pcrs->host[i].pcr, value);
        a->host_as_made &= pcrs->host[i].value.len == sizeof(value) &&
                           memcmp(pcrs->host[i].value.data, value, sizeof(value)) == 0;
    }
    dq_verdict_add_finding(verdict, "first", DQ_RESULT_PASS, g_strdup("it is as it should be"));
    dq_verdict_add_finding(verdict, "second", a->result, g_strdup("say \"why\""));
}

static DqVerdict *check(VerifyFixture *f)
{
    g_autoptr(GError) error = NULL;
    DqVerdict *verdict = dq_verifier_check(f->verifier, &f->quote, &f->expected, &error);

    g_assert_no_error(error);
    return verdict;
}

static void set_up(VerifyFixture *f, Appraiser *a)
{
    verify_fixture_set_up(f, TPM_ALG_ECDSA);
    f->quote.appraise = appraise;
    f->quote.appraise_data = a;
}

static gboolean is_recorded(const VerifyFixture *f)
{
    return g_array_index(f->memory->vms, DqStoreVm, 0).first_seen != 0;
}

static void each_result_gives_its_outcome(void)
{
    static const struct {
        DqResult result;
        DqOutcome outcome;
        const char *reason;
    } table[] = {
        { DQ_RESULT_PASS, DQ_TRUSTED, NULL },
        { DQ_RESULT_NOT_COMPARED, DQ_AUTHENTIC, NULL },
        { DQ_RESULT_FAIL, DQ_REFUSED, "second" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        VerifyFixture f = { 0 };
        Appraiser a = { .result = table[i].result };
        g_autoptr(DqVerdict) verdict = NULL;

        set_up(&f, &a);
        verdict = check(&f);
        g_assert_cmpint(dq_verdict_get_outcome(verdict), ==, table[i].outcome);
        g_assert_cmpstr(dq_verdict_get_reason(verdict), ==, table[i].reason);
        g_assert_cmpuint(dq_verdict_get_findings(verdict), ==, 2);
        g_assert_cmpstr(dq_verdict_get_finding(verdict, 0).word, ==, "first");
        g_assert_cmpint(dq_verdict_get_finding(verdict, 1).result, ==, table[i].result);
        g_assert_cmpstr(dq_verdict_get_finding(verdict, 1).detail, ==, "say \"why\"");
        g_assert_cmpint(is_recorded(&f), ==, table[i].outcome == DQ_TRUSTED);
        verify_fixture_clear(&f);
    }
}

static void the_values_are_those_quoted(void)
{
    VerifyFixture f = { 0 };
    Appraiser a = { .result = DQ_RESULT_PASS };
    g_autoptr(DqVerdict) verdict = NULL;

    set_up(&f, &a);
    verdict = check(&f);
    g_assert_true(dq_verdict_is_trusted(verdict));
    g_assert_cmpuint(a.calls, ==, 1);
    g_assert_cmpuint(a.host, ==, 8);
    g_assert_cmpuint(a.vtpm, >, 0);
    g_assert_true(a.host_as_made);
    verify_fixture_clear(&f);
}

/* The evidence of another challenge: what it says is nobody's business. */
static void nothing_is_appraised_where_a_check_failed(void)
{
    static const uint8_t other[DQ_HASH_SIZE] = { 1, 2, 3 };
    VerifyFixture f = { 0 };
    Appraiser a = { .result = DQ_RESULT_PASS };
    g_autoptr(DqVerdict) verdict = NULL;

    set_up(&f, &a);
    f.expected.challenge = (DqBytes){ other, sizeof(other) };
    verdict = check(&f);
    g_assert_cmpstr(dq_verdict_get_reason(verdict), ==, "wrong-nonce");
    g_assert_cmpuint(a.calls, ==, 0);
    g_assert_cmpuint(dq_verdict_get_findings(verdict), ==, 0);
    verify_fixture_clear(&f);
}

/* Who says that an appraisal compares the host's values has to have it done. */
static void a_finding_that_was_expected_has_to_come(void)
{
    VerifyFixture f = { 0 };
    Appraiser a = { .result = DQ_RESULT_PASS };
    g_autoptr(DqVerdict) with = NULL, without = NULL, other = NULL, nobody = NULL;

    set_up(&f, &a);
    dq_verifier_set_policy(f.verifier, NULL);
    without = check(&f);
    g_assert_cmpint(dq_verdict_get_outcome(without), ==, DQ_AUTHENTIC);
    verify_fixture_renew(&f);
    f.expected.host_finding = "third";
    other = check(&f);
    g_assert_cmpint(dq_verdict_get_outcome(other), ==, DQ_AUTHENTIC);
    g_assert_cmpuint(dq_verdict_get_findings(other), ==, 3);
    g_assert_cmpstr(dq_verdict_get_finding(other, 2).word, ==, "third");
    verify_fixture_renew(&f);
    f.quote.appraise = NULL;
    nobody = check(&f);
    g_assert_cmpint(dq_verdict_get_outcome(nobody), ==, DQ_AUTHENTIC);
    verify_fixture_renew(&f);
    f.quote.appraise = appraise;
    f.expected.host_finding = "first";
    with = check(&f);
    g_assert_cmpint(dq_verdict_get_outcome(with), ==, DQ_TRUSTED);
    verify_fixture_clear(&f);
}

static void json_has_the_findings(void)
{
    VerifyFixture f = { 0 };
    Appraiser a = { .result = DQ_RESULT_FAIL };
    g_autoptr(DqVerdict) with = NULL, without = NULL;
    g_autofree char *json = NULL, *plain = NULL;

    set_up(&f, &a);
    with = check(&f);
    json = dq_verdict_to_json(with);
    g_assert_nonnull(strstr(json, "\"reason\": \"second\""));
    g_assert_nonnull(strstr(json, "\"findings\": [{\"finding\": \"first\", \"result\": \"pass\", "
                                  "\"detail\": \"it is as it should be\"}, {\"finding\": "
                                  "\"second\", \"result\": \"fail\", "
                                  "\"detail\": \"say \\\"why\\\"\"}]"));
    verify_fixture_renew(&f);
    f.quote.appraise = NULL;
    without = check(&f);
    plain = dq_verdict_to_json(without);
    g_assert_true(dq_verdict_is_trusted(without));
    g_assert_null(strstr(plain, "finding"));
    verify_fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attest/appraise/each-result-gives-its-outcome",
                    each_result_gives_its_outcome);
    g_test_add_func("/attest/appraise/the-values-are-those-quoted", the_values_are_those_quoted);
    g_test_add_func("/attest/appraise/nothing-where-a-check-failed",
                    nothing_is_appraised_where_a_check_failed);
    g_test_add_func("/attest/appraise/expected-finding", a_finding_that_was_expected_has_to_come);
    g_test_add_func("/attest/appraise/json-has-the-findings", json_has_the_findings);
    return g_test_run();
}
