/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets that this TPM alone makes: the HMACs of labels, with a key that the TPM derives from its
 * endorsement seed and 32 bytes of ours. Nothing of it is kept anywhere.
 */
#ifndef VTPM_MANAGER_TPM_DERIVED_KEY_H
#define VTPM_MANAGER_TPM_DERIVED_KEY_H

#include "tpm/session.h"

enum { TPM_DERIVED_SIZE = 32 };

/** A secret that is to be made. */
typedef struct TpmDerived {
    const char *label;
    uint8_t *ret; /* TPM_DERIVED_SIZE bytes; wipe them, also where it fails */
} TpmDerived;

/**
 * tpm_derive_keys: on the worker's thread, within tpm_endorsement_enter(): @count secrets of @seed.
 *
 * Errors: of tpm_run().
 */
gboolean tpm_derive_keys(TpmSession *tpm, const uint8_t seed[TPM_DERIVED_SIZE],
                         const TpmDerived *keys, guint count, GError **error);

#endif
