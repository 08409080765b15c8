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

void dq_run_appraise(const DqRun *r, DqVerdict *verdict)
{
    g_autoptr(GArray) host = NULL, vtpm = NULL;
    DqQuotedPcrs pcrs;

    dq_verdict_forget_findings(verdict);
    if (!r->quote->appraise || dq_verdict_of_checks(verdict) == DQ_REFUSED) {
        return;
    }
    host = name_values(&r->evidence.host_pcrs, r->evidence.pcr);
    vtpm = name_values(&r->vtpm.pcr_select, r->vtpm_pcr);
    pcrs = (DqQuotedPcrs){ (const DqPcrValue *)host->data, host->len,
                           (const DqPcrValue *)vtpm->data, vtpm->len };
    r->quote->appraise(&pcrs, verdict, r->quote->appraise_data);
}
