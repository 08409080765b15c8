/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed JSON verified. Spec: RFC 7515 section 5.2, RFC 7518 section 3.4 (ES256). */
#ifndef APPRAISE_JWS_VERIFY_H
#define APPRAISE_JWS_VERIFY_H

#include "appraise/jws-parts.h"

/** DqJwsPublic: a public key that verifies. */
typedef struct DqJwsPublic DqJwsPublic;

/**
 * dq_jws_public_new:
 * @pem: a public key on P-256, PEM
 *
 * Errors: DQ_ERROR_KEY.
 */
DqJwsPublic *dq_jws_public_new(DqBytes pem, GError **error);
void dq_jws_public_free(DqJwsPublic *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqJwsPublic, dq_jws_public_free)

/** dq_jws_public_digest: SHA-256 of its SubjectPublicKeyInfo, which tells it from others. */
void dq_jws_public_digest(const DqJwsPublic *key, uint8_t ret_digest[DQ_HASH_SIZE]);

/**
 * dq_jws_verify: (transfer full): the payload, signed by @key with ES256 for this @type.
 *
 * The algorithm is that of the key, whatever the header says, and nothing but the signature is
 * looked at before it is right.
 *
 * Errors: DQ_JWS_ERROR.
 */
GBytes *dq_jws_verify(const DqJwsPublic *key, const char *type, DqBytes text, GError **error);

#endif
