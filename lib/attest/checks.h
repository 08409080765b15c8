/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks of the wire format's section 4, in their order. Each builds what it expects and
 * compares.
 */
#ifndef ATTEST_CHECKS_H
#define ATTEST_CHECKS_H

#include "attest/deepquote.h"

#include "attest/pcr.h"
#include "attest/policy.h"
#include "attest/state.h"
#include "attest/verifier.h"
#include "wire/deepquote.h"

/** One verification. A check may use what those before it have established. */
typedef struct DqRun {
    DqVerifier *verifier;
    const DqQuote *quote;
    WireEvidence evidence;
    WireAttest host;
    WireAttest vtpm;
    WireSignature vtpm_signature; /* TPM_ALG_NULL where there is none */
    DqKey *host_key;              /* borrowed */
    const DqPolicyVm *vm;         /* the policy's entry for this VM, or NULL */
    WireBytes vtpm_pcr[DQ_PCRS_MAX];
    const char *note; /* static text: how the check passed, or NULL */
    char *why;        /* how it failed */
} DqRun;

/** dq_run_fail: says why; always FALSE. */
gboolean G_GNUC_PRINTF(2, 3) dq_run_fail(DqRun *r, const char *format, ...);

/** dq_run_state_entry: what is compared with the state, and recorded. Borrowed from the run. */
DqStateEntry dq_run_state_entry(const DqRun *r);

/** dq_stale_text: the text for a fault other than DQ_STATE_FRESH. */
const char *dq_stale_text(DqStateFault fault);

/* Evidence and host, in checks-host.c. The first one fills in what the others look at. */
gboolean dq_check_decodes(DqRun *r);
gboolean dq_check_host_is_known(DqRun *r);
gboolean dq_check_host_signature(DqRun *r);
gboolean dq_check_quotes(DqRun *r);
gboolean dq_check_proof(DqRun *r);
gboolean dq_check_host_pcrs(DqRun *r);

/* The VM, its vTPM, and what is known about them, in checks-vm.c. */
gboolean dq_check_nonce(DqRun *r);
gboolean dq_check_vm(DqRun *r);
gboolean dq_check_vtpm_quote(DqRun *r);
gboolean dq_check_vtpm_signature(DqRun *r);
gboolean dq_check_vtpm_pcrs(DqRun *r);
gboolean dq_check_fresh(DqRun *r);
gboolean dq_check_policy(DqRun *r);

#endif
