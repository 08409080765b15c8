/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key for which a tenant seals an escrow: a host's TPM has made it, lets it go nowhere, and
 * uses it only where the host has booted as the group's approval key says.
 *
 * Spec: docs/specs/escrow.md.
 */
#ifndef ESCROW_ESCROW_KEY_H
#define ESCROW_ESCROW_KEY_H

#include "appraise/jws-verify.h"
#include "attest/store.h"
#include "escrow/escrow.h"

enum { DQ_ESCROW_KEY_MAX = 16384 /* bytes of JSON */ };

/** DqEscrowKeyError: DQ_ESCROW_KEY_ERROR_MALFORMED: it is no such key of this version.
 * @DQ_ESCROW_KEY_ERROR_UNFIT: it does not keep what is sealed for it as a group's has to be kept */
typedef enum DqEscrowKeyError {
    DQ_ESCROW_KEY_ERROR_MALFORMED,
    DQ_ESCROW_KEY_ERROR_UNFIT,
} DqEscrowKeyError;

#define DQ_ESCROW_KEY_ERROR dq_escrow_key_error_quark()
GQuark dq_escrow_key_error_quark(void);

/** DqEscrowKey: as a host says; nothing of it is known to be true. */
typedef struct DqEscrowKey {
    char group[DQ_ESCROW_GROUP_MAX + 1];
    GBytes *public_area; /* TPM2B_PUBLIC */
    GBytes *attest;      /* TPMS_ATTEST: the attestation key's TPM has it */
    GBytes *signature;   /* TPMT_SIGNATURE over it */
} DqEscrowKey;

void dq_escrow_key_clear(DqEscrowKey *key);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DqEscrowKey, dq_escrow_key_clear)

/**
 * dq_escrow_key_read: the JSON that a host prints.
 * @ret: untouched on failure
 *
 * Errors: DQ_ESCROW_KEY_ERROR_MALFORMED.
 */
gboolean dq_escrow_key_read(const char *text, gsize len, DqEscrowKey *ret, GError **error);

/** dq_escrow_key_write: (transfer full): that JSON. */
char *dq_escrow_key_write(const DqEscrowKey *key);

/**
 * dq_escrow_key_check: (transfer full): the key as OpenSSL has it, where all holds: it is of the
 * TPM that has @ak, never leaves that, and is used for @group under @approval alone.
 * @ret_area: TPMT_PUBLIC, borrowed from @key
 *
 * Errors: DQ_ESCROW_KEY_ERROR_UNFIT, with what does not hold.
 */
EVP_PKEY *dq_escrow_key_check(const DqEscrowKey *key, const char *group,
                              const DqJwsPublic *approval, DqKey *ak, DqBytes *ret_area,
                              GError **error);

#endif
