/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's attestation key: a restricted, fixedTPM signing key, a primary of the endorsement
 * hierarchy. A primary is derived by the TPM from its endorsement seed and a template, which has 32
 * random bytes of its own: it is a secret that the state directory keeps, since whoever has it can
 * have the same TPM make the same key. The authorization value is another each time the key is
 * loaded. It survives reboots and TPM2_Clear, needs no NV space and no parent, and can be named to
 * TPM2_ActivateCredential. TPM2_ChangeEPS, or another TPM, makes it impossible to find again.
 */
#ifndef VTPM_MANAGER_TPM_AK_H
#define VTPM_MANAGER_TPM_AK_H

#include "tpm/session.h"

typedef enum TpmAkAlgorithm {
    TPM_AK_ECC, /* NIST P-256, ECDSA with SHA-256 */
    TPM_AK_RSA, /* 2048 bits, RSASSA with SHA-256 */
} TpmAkAlgorithm;

/**
 * tpm_ak_load:
 * @state_dir: holds the files of ak_files.h
 * @ret_public, @ret_name: (transfer full)
 *
 * Makes the key that the state directory describes the session's, or a new one where it describes
 * none.
 *
 * Errors: TPM_ERROR_AK where a file is lost or damaged or the TPM is another one; those of
 * tpm_run().
 */
gboolean tpm_ak_load(TpmSession *tpm, TpmAkAlgorithm algorithm, const char *state_dir,
                     GBytes **ret_public, GBytes **ret_name, GError **error);

/** tpm_ak_name: nameAlg || digest of a TPM2B_PUBLIC; %NULL where it is no public area. */
GBytes *tpm_ak_name(GBytes *public_area);

#endif
