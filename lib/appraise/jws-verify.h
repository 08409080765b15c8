/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed JSON verified. Spec: RFC 7515, section 5.2. */
#ifndef APPRAISE_JWS_VERIFY_H
#define APPRAISE_JWS_VERIFY_H

#include "appraise/jws-parts.h"

#include <openssl/evp.h>

/** DqJwsPublic: a public key that verifies. */
typedef struct DqJwsPublic DqJwsPublic;

/**
 * dq_jws_public_new:
 * @pem: a public key on P-256 or of RSA with 2048 bits, PEM
 *
 * Errors: DQ_ERROR_KEY.
 */
DqJwsPublic *dq_jws_public_new(DqBytes pem, GError **error);
void dq_jws_public_free(DqJwsPublic *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqJwsPublic, dq_jws_public_free)

/** dq_jws_public_digest: SHA-256 of its SubjectPublicKeyInfo, which tells it from others. */
void dq_jws_public_digest(const DqJwsPublic *key, uint8_t ret_digest[DQ_HASH_SIZE]);

/** dq_jws_public_pkey: borrowed. */
const EVP_PKEY *dq_jws_public_pkey(const DqJwsPublic *key);

/** dq_jws_public_verify: whether @signature, in base64url, is one of @key over @bytes. */
gboolean dq_jws_public_verify(const DqJwsPublic *key, DqBytes bytes, const char *signature);

/**
 * dq_jws_verify: (transfer full): the payload, signed by @key for this @type.
 *
 * The algorithm is that of the key, whatever the header says, and nothing but the signature is
 * looked at before it is right.
 *
 * Errors: DQ_JWS_ERROR.
 */
GBytes *dq_jws_verify(const DqJwsPublic *key, const char *type, DqBytes text, GError **error);

#endif
