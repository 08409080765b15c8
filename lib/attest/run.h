/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One verification on its way through the checks. */
#ifndef ATTEST_RUN_H
#define ATTEST_RUN_H

#include "attest/deepquote.h"

#include "attest/pcr.h"
#include "attest/policy.h"
#include "attest/state.h"
#include "attest/verifier.h"
#include "wire/attest.h"
#include "wire/evidence.h"
#include "wire/signature.h"

/** A check may use what those before it have established. */
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

#endif
