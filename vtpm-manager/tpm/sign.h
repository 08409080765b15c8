/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the attestation key signs besides quotes: nothing that could be taken for one. */
#ifndef VTPM_MANAGER_TPM_SIGN_H
#define VTPM_MANAGER_TPM_SIGN_H

#include "tpm/session.h"

enum { TPM_SIGN_MAX = 1024 }; /* bytes that one TPM2_Hash takes: TPM2_MAX_DIGEST_BUFFER */

/**
 * tpm_sign: the session's key signs SHA-256 of @data.
 * @data: 1 to TPM_SIGN_MAX bytes
 * @ret_signature: (transfer full): TPMT_SIGNATURE
 *
 * The key is restricted: the TPM hashes by itself, and refuses what begins as an attest does
 * (TPM_GENERATED_VALUE). Spec: TPM 2.0 Part 3, TPM2_Hash and TPM2_Sign.
 *
 * Errors: those of tpm_run().
 */
gboolean tpm_sign(TpmSession *tpm, WireBytes data, GBytes **ret_signature, GError **error);

#endif
