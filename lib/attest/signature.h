/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures of TPM keys. */
#ifndef ATTEST_SIGNATURE_H
#define ATTEST_SIGNATURE_H

#include "attest/deepquote.h"

#include "wire/signature.h"

/** dq_signature_hash_is_sound: whether its hash may sign; SHA-1 may not. TRUE for no signature. */
gboolean dq_signature_hash_is_sound(const WireSignature *signature);

/** dq_key_makes_signature: whether its scheme and hash are those of @key, and are ever taken. */
gboolean dq_key_makes_signature(const DqKey *key, const WireSignature *signature);

/**
 * dq_key_verify_signature: as dq_key_verify(), with a decoded signature and without a copy.
 */
gboolean dq_key_verify_signature(DqKey *key, DqBytes message, const WireSignature *signature);

#endif
