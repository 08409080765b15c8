/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/verdict.h"

static const struct {
    const char *word;
    const char *text;
} checks[DQ_CHECKS] = {
    [DQ_CHECK_MALFORMED] = { "malformed", "evidence and quotes decode exactly" },
    [DQ_CHECK_UNKNOWN_HOST] = { "unknown-host", "an enrolled host's attestation key signed" },
    [DQ_CHECK_BAD_HOST_SIGNATURE] = { "bad-host-signature", "the host's signature verifies" },
    [DQ_CHECK_NOT_A_QUOTE] = { "not-a-quote", "both TPMs made a quote" },
    [DQ_CHECK_BAD_PROOF] = { "bad-proof", "the host's quote covers this VM's binding" },
    [DQ_CHECK_HOST_PCR_MISMATCH] = { "host-pcr-mismatch", "the host PCR values are those quoted" },
    [DQ_CHECK_WRONG_NONCE] = { "wrong-nonce", "it answers this nonce, for the first time" },
    [DQ_CHECK_WRONG_VM] = { "wrong-vm", "it comes from the expected VM" },
    [DQ_CHECK_BAD_VTPM_QUOTE] = { "bad-vtpm-quote", "the vTPM's quote is the one bound" },
    [DQ_CHECK_BAD_VTPM_SIGNATURE] = { "bad-vtpm-signature", "the vTPM's signature verifies" },
    [DQ_CHECK_VTPM_PCR_MISMATCH] = { "vtpm-pcr-mismatch", "the vTPM PCR values are those quoted" },
    [DQ_CHECK_STALE] = { "stale", "no counter of the VM or its host went back" },
    [DQ_CHECK_LINEAGE] = { "lineage", "the VM's state is the one that was recorded" },
    [DQ_CHECK_MOVED] = { "moved", "the VM is on the host that was recorded" },
    [DQ_CHECK_POLICY] = { "policy", "all values are among the reference values" },
};

const char *dq_check_word(DqCheck check)
{
    g_return_val_if_fail((unsigned)check < DQ_CHECKS, NULL);
    return checks[check].word;
}

const char *dq_check_text(DqCheck check)
{
    g_return_val_if_fail((unsigned)check < DQ_CHECKS, NULL);
    return checks[check].text;
}

static const char *const outcomes[] = {
    [DQ_REFUSED] = "refused",
    [DQ_AUTHENTIC] = "authentic",
    [DQ_TRUSTED] = "trusted",
};

const char *dq_outcome_word(DqOutcome outcome)
{
    g_return_val_if_fail((unsigned)outcome < G_N_ELEMENTS(outcomes), NULL);
    return outcomes[outcome];
}

DqVerdict *dq_verdict_new(void)
{
    return g_new0(DqVerdict, 1);
}

void dq_verdict_free(DqVerdict *verdict)
{
    if (!verdict) {
        return;
    }
    for (gsize i = 0; i < DQ_CHECKS; i++) {
        g_free(verdict->detail[i]);
    }
    dq_verdict_forget_findings(verdict);
    g_free(verdict->host_ek);
    g_free(verdict->answers);
    g_free(verdict);
}

void dq_verdict_set(DqVerdict *verdict, DqCheck check, DqResult result, char *detail)
{
    g_free(verdict->detail[check]);
    verdict->detail[check] = detail;
    verdict->result[check] = result;
}

static void clear_finding(gpointer data)
{
    g_free((char *)((DqFinding *)data)->detail);
}

void dq_verdict_add_finding(DqVerdict *verdict, const char *word, DqResult result, char *detail)
{
    const DqFinding finding = { word, result, detail };

    if (!verdict->findings) {
        verdict->findings = g_array_new(FALSE, FALSE, sizeof(DqFinding));
        g_array_set_clear_func(verdict->findings, clear_finding);
    }
    g_array_append_val(verdict->findings, finding);
}

void dq_verdict_forget_findings(DqVerdict *verdict)
{
    g_clear_pointer(&verdict->findings, g_array_unref);
}

guint dq_verdict_get_findings(const DqVerdict *verdict)
{
    return verdict->findings ? verdict->findings->len : 0;
}

DqFinding dq_verdict_get_finding(const DqVerdict *verdict, guint number)
{
    g_return_val_if_fail(number < dq_verdict_get_findings(verdict),
                         ((DqFinding){ "", DQ_RESULT_NOT_RUN, "" }));
    return g_array_index(verdict->findings, DqFinding, number);
}

/* The outcome so far, and one more result: nothing but a pass or a warning leaves it
 * as it is. */
static DqOutcome lower(DqOutcome outcome, DqResult result)
{
    switch (result) {
    case DQ_RESULT_PASS:
    case DQ_RESULT_WARNING:
        return outcome;
    case DQ_RESULT_NOT_COMPARED:
        return MIN(outcome, DQ_AUTHENTIC);
    default:
        return DQ_REFUSED;
    }
}

DqOutcome dq_verdict_of_checks(const DqVerdict *verdict)
{
    DqOutcome outcome = DQ_TRUSTED;

    for (gsize i = 0; i < DQ_CHECKS; i++) {
        outcome = lower(outcome, verdict->result[i]);
    }
    return outcome;
}

DqOutcome dq_verdict_get_outcome(const DqVerdict *verdict)
{
    DqOutcome outcome = dq_verdict_of_checks(verdict);

    for (guint i = 0; i < dq_verdict_get_findings(verdict); i++) {
        outcome = lower(outcome, dq_verdict_get_finding(verdict, i).result);
    }
    return outcome;
}

gboolean dq_verdict_is_trusted(const DqVerdict *verdict)
{
    return dq_verdict_get_outcome(verdict) == DQ_TRUSTED;
}

const char *dq_verdict_get_reason(const DqVerdict *verdict)
{
    for (gsize i = 0; i < DQ_CHECKS; i++) {
        if (verdict->result[i] == DQ_RESULT_FAIL) {
            return checks[i].word;
        }
    }
    for (guint i = 0; i < dq_verdict_get_findings(verdict); i++) {
        const DqFinding finding = dq_verdict_get_finding(verdict, i);

        if (finding.result == DQ_RESULT_FAIL) {
            return finding.word;
        }
    }
    return NULL;
}

DqResult dq_verdict_get_result(const DqVerdict *verdict, DqCheck check)
{
    g_return_val_if_fail((unsigned)check < DQ_CHECKS, DQ_RESULT_NOT_RUN);
    return verdict->result[check];
}

const char *dq_verdict_get_detail(const DqVerdict *verdict, DqCheck check)
{
    g_return_val_if_fail((unsigned)check < DQ_CHECKS, "");
    return verdict->detail[check] ? verdict->detail[check] : "";
}

const DqFacts *dq_verdict_get_facts(const DqVerdict *verdict)
{
    return verdict->has_facts ? &verdict->facts : NULL;
}

const DqStoreAnswers *dq_verdict_get_answers(const DqVerdict *verdict)
{
    return verdict->answers;
}
