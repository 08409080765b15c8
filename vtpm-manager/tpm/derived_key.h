/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets that this TPM alone makes: the HMACs of labels, with a key that the TPM derives from its
 * endorsement seed and 32 bytes of ours. Nothing of it is kept anywhere.
 */
#ifndef VTPM_MANAGER_TPM_DERIVED_KEY_H
#define VTPM_MANAGER_TPM_DERIVED_KEY_H

#include "tpm/approval.h"
#include "tpm/session.h"

enum { TPM_DERIVED_SIZE = 32 };

/** A secret that is to be made. */
typedef struct TpmDerived {
    const char *label;
    uint8_t *ret; /* TPM_DERIVED_SIZE bytes; wipe them, also where it fails */
} TpmDerived;

/** What secrets are made of. */
typedef struct TpmDerivedSource {
    const uint8_t *seed;         /* TPM_DERIVED_SIZE bytes */
    const TpmApproval *approval; /* NULL: whoever knows the seed may have them made */
} TpmDerivedSource;

/**
 * tpm_derive_keys: on the worker's thread, within tpm_endorsement_enter(): @count secrets.
 *
 * With an approval they are others than without, and with another key others again; which list it
 * has makes no difference to them, but to whether they are made.
 *
 * Errors: of tpm_run(); TPM_ERROR_APPROVAL.
 */
gboolean tpm_derive_keys(TpmSession *tpm, const TpmDerivedSource *source, const TpmDerived *keys,
                         guint count, GError **error);

#endif
