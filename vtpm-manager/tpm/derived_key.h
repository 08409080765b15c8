/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A secret that this TPM alone makes: the HMAC of a label, with a key that the TPM derives from its
 * endorsement seed and 32 bytes of ours. Nothing of it is kept anywhere.
 */
#ifndef VTPM_MANAGER_TPM_DERIVED_KEY_H
#define VTPM_MANAGER_TPM_DERIVED_KEY_H

#include "tpm/session.h"

enum { TPM_DERIVED_SIZE = 32 };

/**
 * tpm_derive_key: on the worker's thread, within tpm_endorsement_enter().
 * @ret: wipe it
 *
 * Errors: of tpm_run().
 */
gboolean tpm_derive_key(TpmSession *tpm, const uint8_t seed[TPM_DERIVED_SIZE], const char *label,
                        uint8_t ret[TPM_DERIVED_SIZE], GError **error);

#endif
