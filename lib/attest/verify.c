/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks in their order; the first that fails ends the run. */
#include "attest/checks-host.h"
#include "attest/checks-vm.h"
#include "attest/verdict.h"

#include <string.h>

static gboolean (*const checks[DQ_CHECKS])(DqRun *r) = {
    [DQ_CHECK_MALFORMED] = dq_check_decodes,
    [DQ_CHECK_UNKNOWN_HOST] = dq_check_host_is_known,
    [DQ_CHECK_BAD_HOST_SIGNATURE] = dq_check_host_signature,
    [DQ_CHECK_NOT_A_QUOTE] = dq_check_quotes,
    [DQ_CHECK_BAD_PROOF] = dq_check_proof,
    [DQ_CHECK_HOST_PCR_MISMATCH] = dq_check_host_pcrs,
    [DQ_CHECK_WRONG_NONCE] = dq_check_nonce,
    [DQ_CHECK_WRONG_VM] = dq_check_vm,
    [DQ_CHECK_BAD_VTPM_QUOTE] = dq_check_vtpm_quote,
    [DQ_CHECK_BAD_VTPM_SIGNATURE] = dq_check_vtpm_signature,
    [DQ_CHECK_VTPM_PCR_MISMATCH] = dq_check_vtpm_pcrs,
    [DQ_CHECK_STALE] = dq_check_fresh,
    [DQ_CHECK_POLICY] = dq_check_policy,
};

static gsize copy_name(WireBytes name, guint8 ret_name[DQ_NAME_MAX])
{
    gsize n = MIN(name.len, DQ_NAME_MAX);

    if (n > 0) {
        memcpy(ret_name, name.p, n);
    }
    return n;
}

static void set_facts(DqVerdict *verdict, const DqRun *r)
{
    const WireBinding *b = &r->evidence.binding;
    DqFacts *f = &verdict->facts;

    f->host_name_len = copy_name(r->evidence.host_signer, f->host_name);
    f->host_reset_count = r->host.reset_count;
    f->host_restart_count = r->host.restart_count;
    f->host_clock = r->host.clock;
    f->host_clock_safe = r->host.safe != 0;
    f->host_firmware = r->host.firmware_version;
    memcpy(f->uuid, b->uuid.byte, DQ_UUID_SIZE);
    f->epoch = b->epoch;
    f->generation = b->generation;
    memcpy(f->lineage, b->lineage, sizeof(f->lineage));
    f->vtpm_signer_len = copy_name(b->vtpm_signer, f->vtpm_signer);
    f->vtpm_ek_len = copy_name(b->vtpm_ek, f->vtpm_ek);
    f->tree_size = r->evidence.tree_size;
    f->leaf_index = r->evidence.leaf_index;
    verdict->has_facts = TRUE;
}

/* Runs one check and writes down its result. */
static gboolean run_check(DqRun *r, DqVerdict *verdict, DqCheck check)
{
    r->note = NULL;
    if (!checks[check](r)) {
        dq_verdict_fail(verdict, check, g_steal_pointer(&r->why));
        return FALSE;
    }
    dq_verdict_pass(verdict, check, r->note);
    return TRUE;
}

/* Another thread may have used the nonce, or recorded newer counters, since they were checked. */
static void record(const DqRun *r, DqVerdict *verdict)
{
    const DqStateEntry entry = dq_run_state_entry(r);
    DqStateFault fault;

    if (r->verifier->state == NULL) {
        return;
    }
    fault = dq_state_record(r->verifier->state, &entry);
    if (fault == DQ_STATE_NONCE_USED) {
        dq_verdict_fail(verdict, DQ_CHECK_WRONG_NONCE, g_strdup("the nonce was used meanwhile"));
    } else if (fault != DQ_STATE_FRESH) {
        dq_verdict_fail(verdict, DQ_CHECK_STALE, g_strdup(dq_state_fault_text(fault)));
    }
}

DqVerdict *dq_verifier_check(DqVerifier *verifier, const DqQuote *quote)
{
    DqVerdict *verdict = dq_verdict_new();
    DqRun run;

    run.verifier = verifier;
    run.quote = quote;
    run.host_key = NULL;
    run.vm = NULL;
    run.why = NULL;
    for (unsigned i = 0; i < DQ_CHECKS; i++) {
        if (!run_check(&run, verdict, (DqCheck)i)) {
            return verdict;
        }
        if (i == DQ_CHECK_MALFORMED) {
            set_facts(verdict, &run);
        }
    }
    record(&run, verdict);
    return verdict;
}
