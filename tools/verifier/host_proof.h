/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host challenge and host confirm: enrolment by proof. Spec: docs/specs/enrolment.md. */
#ifndef VERIFIER_HOST_PROOF_H
#define VERIFIER_HOST_PROOF_H

#include "host_export.h"

#include "appraise/ek-certificate.h"

/** What an operator says about the host. */
typedef struct HostProofOptions {
    const char *roots;  /* folder of authorities */
    gboolean simulated; /* a stand-in TPM is fine */
} HostProofOptions;

/**
 * host_proof_check: whether an authority says that a TPM has the endorsement key, and the host may
 * be enrolled.
 *
 * Errors: DQ_ERROR_KEY, DQ_ERROR_RECORD, DQ_ERROR_VALUE with what to do.
 */
gboolean host_proof_check(const HostExport *export, const HostProofOptions *options, int64_t now,
                          DqEkFacts *ret_facts, GError **error);

/**
 * host_proof_challenge: (transfer full): JSON that the host has to answer.
 * @ret_proof: what dq_store_file_expect_proof() takes
 */
char *host_proof_challenge(const HostExport *export, uint8_t ret_proof[DQ_CHALLENGE_SIZE],
                           GError **error);

/** host_proof_of: what dq_store_file_prove_host() takes, of an answer. */
void host_proof_of(const HostExport *export, GBytes *value, uint8_t ret_proof[DQ_CHALLENGE_SIZE]);

#endif
