/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's attestation key: a restricted, fixedTPM signing key, a primary of the endorsement
 * hierarchy. A primary is derived by the TPM from its endorsement seed and a template, so nothing
 * secret is stored; the template, with 32 random bytes of its own, is kept in the state directory.
 * It survives reboots and TPM2_Clear, needs no NV space and no parent, and can be named to
 * TPM2_ActivateCredential. TPM2_ChangeEPS, or another TPM, makes it impossible to find again.
 */
#ifndef VTPM_MANAGER_TPM_AK_H
#define VTPM_MANAGER_TPM_AK_H

#include "tpm/session.h"

/**
 * tpm_ak_load:
 * @state_dir: holds ak-ALG.template (what the TPM derives from) and ak-ALG.pub (TPM2B_PUBLIC)
 * @ret_public, @ret_name: (transfer full)
 *
 * Loads the key that the state directory describes, or makes one where it describes none.
 *
 * Errors: TPM_ERROR_AK where a file is lost or damaged or the TPM is another one. A failure of
 * a TPM command is not in @error but in the return value, for the caller's retries.
 */
TSS2_RC tpm_ak_load(ESYS_CONTEXT *esys, TpmAkAlgorithm algorithm, const char *state_dir,
                    ESYS_TR *ret_key, GBytes **ret_public, GBytes **ret_name, GError **error);

/** tpm_ak_name: nameAlg || digest of a TPM2B_PUBLIC; %NULL where it is no public area. */
GBytes *tpm_ak_name(GBytes *public_area);

/** tpm_ak_algorithm_name: "ecc" or "rsa". */
const char *tpm_ak_algorithm_name(TpmAkAlgorithm algorithm);

#endif
