/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One verification on its way through the checks. */
#ifndef ATTEST_RUN_H
#define ATTEST_RUN_H

#include "attest/deepquote.h"

#include "attest/pcr.h"
#include "attest/policy.h"
#include "attest/store.h"
#include "attest/verifier.h"
#include "wire/attest.h"
#include "wire/evidence.h"
#include "wire/signature.h"

/** A check may use what those before it have established. */
typedef struct DqRun {
    DqVerifier *verifier;
    const DqQuote *quote;
    const DqExpected *expected;
    int64_t now; /* seconds since 1970 */

    /* What came in, decoded */
    WireEvidence evidence;
    WireAttest host;
    gboolean tpm12; /* the vTPM is one */
    WireAttest vtpm;
    WireSignature vtpm_signature; /* TPM_ALG_NULL where there is none */
    WireBytes vtpm_pcr[DQ_PCRS_MAX];

    /* What the verifier holds */
    DqChallengeUse use;
    gboolean challenge_bound; /* to one VM */
    uint8_t challenge_uuid[DQ_UUID_SIZE];
    gboolean has_host; /* the store has a record of the host */
    DqStoreHost host_record;
    gboolean has_vm; /* the store has a record of the VM */
    DqStoreVm vm_record;
    DqKey *host_key;             /* a reference, or NULL */
    const DqPolicyVm *policy_vm; /* the policy's entry for this VM, or NULL */

    /* How the present check ended */
    gboolean skipped; /* something was not compared */
    char *text;       /* why it failed, what was not compared, or a note; NULL: nothing to say */
} DqRun;

/** dq_run_fail: says why; always FALSE. */
gboolean dq_run_fail(DqRun *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * dq_run_skip: says what was not compared and how to have it compared; always TRUE. Of several in
 * one check the first stands.
 */
gboolean dq_run_skip(DqRun *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** dq_run_note: says how it passed, unless something was said already; always TRUE. */
gboolean dq_run_note(DqRun *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** dq_run_clear: frees what the run holds. */
void dq_run_clear(DqRun *r);

#endif
