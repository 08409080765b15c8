/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key of a group for which its tenant seals an escrow: a primary of the endorsement hierarchy
 * on P-256, derived from a seed of ours, that agrees on secrets where the group's approval key has
 * approved of how the host has booted. Spec: docs/specs/escrow.md.
 */
#ifndef VTPM_MANAGER_TPM_ESCROW_H
#define VTPM_MANAGER_TPM_ESCROW_H

#include "tpm/derived_key.h"

/** TpmEscrowKey: what proves the key to others. */
typedef struct TpmEscrowKey {
    GBytes *public_area; /* TPM2B_PUBLIC */
    GBytes *attest;      /* TPMS_ATTEST */
    GBytes *signature;   /* TPMT_SIGNATURE of the attestation key */
} TpmEscrowKey;

void tpm_escrow_key_clear(TpmEscrowKey *key);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TpmEscrowKey, tpm_escrow_key_clear)

/**
 * tpm_escrow_certify: on the worker's thread, within tpm_endorsement_enter(): the key of @source,
 * which has an approval; whether a list allows its use makes no difference.
 *
 * Errors: of tpm_run().
 */
gboolean tpm_escrow_certify(TpmSession *tpm, const TpmDerivedSource *source, TpmEscrowKey *ret_key,
                            GError **error);

/**
 * tpm_escrow_agree: the same: what that key agrees on with a sender's point.
 * @x, @y: TPM_DERIVED_SIZE bytes each
 * @ret_z: TPM_DERIVED_SIZE bytes; wipe them
 * @ret_public: (transfer full): the key, TPM2B_PUBLIC
 *
 * Errors: of tpm_run(); TPM_ERROR_APPROVAL.
 */
gboolean tpm_escrow_agree(TpmSession *tpm, const TpmDerivedSource *source, const uint8_t *x,
                          const uint8_t *y, uint8_t *ret_z, GBytes **ret_public, GError **error);

#endif
