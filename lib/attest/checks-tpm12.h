/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is checked otherwise of a TPM 1.2. Spec: docs/specs/deepquote-tpm12.md, section 2. */
#ifndef ATTEST_CHECKS_TPM12_H
#define ATTEST_CHECKS_TPM12_H

#include "attest/run.h"

/**
 * dq_tpm12_decode: whether the vTPM's quote is one of a TPM 1.2. Then it is in @r->vtpm as a TPM
 * 2.0 would have quoted the same.
 */
gboolean dq_tpm12_decode(DqRun *r);

/**
 * dq_tpm12_shorten: what of the challenge, or of what binds it to a channel, is the nonce.
 *
 * Returns: FALSE where that is too short.
 */
gboolean dq_tpm12_shorten(DqBytes *nonce);

/**
 * dq_tpm12_check_signature: check 10.
 * @key: (nullable): the key that has the signer's Name
 * @key_is_expected: the verifier knows by itself that the vTPM signs with it
 */
gboolean dq_tpm12_check_signature(DqRun *r, DqKey *key, gboolean key_is_expected);

/** dq_tpm12_pcrs_match: whether the values in @r->vtpm_pcr are those that were quoted. */
gboolean dq_tpm12_pcrs_match(const DqRun *r);

#endif
