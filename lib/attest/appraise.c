/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/appraise.h"

#include "attest/bytes.h"
#include "attest/verdict.h"

/* (transfer full): DqPcrValue of what @selection selects; @values are in the same order. */
static GArray *name_values(const WirePcrSelection *selection, const WireBytes *values)
{
    GArray *named = g_array_new(FALSE, FALSE, sizeof(DqPcrValue));
    WirePcrWalk walk = { 0 };

    while (wire_pcr_next(selection, &walk)) {
        const DqPcrValue v = { walk.hash, walk.pcr, dq_unwire(values[named->len]) };

        g_array_append_val(named, v);
    }
    return named;
}

static gboolean has_finding(const DqVerdict *verdict, const char *word)
{
    for (guint i = 0; i < dq_verdict_get_findings(verdict); i++) {
        if (g_str_equal(dq_verdict_get_finding(verdict, i).word, word)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void call(const DqRun *r, DqVerdict *verdict)
{
    g_autoptr(GArray) host = name_values(&r->evidence.host_pcrs, r->evidence.pcr);
    g_autoptr(GArray) vtpm = name_values(&r->vtpm.pcr_select, r->vtpm_pcr);
    const DqQuotedPcrs pcrs = { (const DqPcrValue *)host->data,
                                host->len,
                                (const DqPcrValue *)vtpm->data,
                                vtpm->len,
                                r->host_key,
                                r->now };

    r->quote->appraise(&pcrs, verdict, r->quote->appraise_data);
}

void dq_run_appraise(const DqRun *r, DqVerdict *verdict)
{
    const char *wanted = r->expected->host_finding;

    dq_verdict_forget_findings(verdict);
    if (dq_verdict_of_checks(verdict) == DQ_REFUSED) {
        return;
    }
    if (r->quote->appraise) {
        call(r, verdict);
    }
    if (wanted && !has_finding(verdict, wanted)) {
        dq_verdict_add_finding(verdict, wanted, DQ_RESULT_NOT_COMPARED,
                               g_strdup("the host's PCRs were not appraised"));
    }
}
