/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leave to use the endorsement hierarchy, where the attestation key and the EK are made. */
#ifndef VTPM_MANAGER_TPM_ENDORSEMENT_H
#define VTPM_MANAGER_TPM_ENDORSEMENT_H

#include "tpm/session.h"

/**
 * tpm_endorsement_enter:
 * @value: its authorization value; size 0: none is known
 *
 * Asks the TPM whether the hierarchy is enabled and has a value, before a command of it could fail.
 * A value that the TPM does not have, as after TPM2_Clear, is left out.
 *
 * Errors: TPM_ERROR_HIERARCHY; TPM_ERROR_AUTH where it has a value and none is known; those of
 * tpm_run().
 */
gboolean tpm_endorsement_enter(TpmSession *tpm, const TPM2B_AUTH *value, GError **error);

/** tpm_endorsement_leave: wipes the value out of the session. */
void tpm_endorsement_leave(TpmSession *tpm);

#endif
