/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The proof that the attestation key is in the TPM that has the endorsement key. */
#ifndef VTPM_MANAGER_TPM_ACTIVATE_H
#define VTPM_MANAGER_TPM_ACTIVATE_H

#include "tpm/session.h"

/**
 * tpm_activate: TPM2_ActivateCredential for the session's key.
 * @ek_public: of the endorsement key that the credential was made for
 * @blob: TPM2B_ID_OBJECT
 * @secret: TPM2B_ENCRYPTED_SECRET
 * @ret_value: (transfer full): what the credential hides
 *
 * The endorsement hierarchy has to be entered: tpm_endorsement_enter().
 *
 * Errors: TPM_ERROR_VALUE where it is no credential, or was made for another key or TPM; those of
 * tpm_ek_open() and tpm_run().
 */
gboolean tpm_activate(TpmSession *tpm, GBytes *ek_public, GBytes *blob, GBytes *secret,
                      GBytes **ret_value, GError **error);

#endif
