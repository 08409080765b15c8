/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed JSON. Spec: RFC 7515 (JWS, compact serialization). */
#ifndef APPRAISE_JWS_H
#define APPRAISE_JWS_H

#include "attest/deepquote.h"

#include <openssl/evp.h>

/** DqJwsKey: a private key that signs. */
typedef struct DqJwsKey DqJwsKey;

/**
 * dq_jws_key_new:
 * @pem: a private key on P-256 or of RSA with 2048 bits, PEM, without a password; the caller wipes
 *   it
 *
 * Errors: DQ_ERROR_KEY.
 */
DqJwsKey *dq_jws_key_new(DqBytes pem, GError **error);

/** dq_jws_key_make: a new one on P-256. Errors: DQ_ERROR_KEY. */
DqJwsKey *dq_jws_key_make(GError **error);
void dq_jws_key_free(DqJwsKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqJwsKey, dq_jws_key_free)

/** dq_jws_key_private: (transfer full): it in PEM, without a password; wipe it. NULL: no memory. */
char *dq_jws_key_private(const DqJwsKey *key);

/** dq_jws_key_pkey: borrowed. */
EVP_PKEY *dq_jws_key_pkey(const DqJwsKey *key);

/** dq_jws_key_public: (transfer full): its public key in PEM; NULL where there is no memory. */
char *dq_jws_key_public(const DqJwsKey *key);

/**
 * dq_jws_key_sign: (transfer full): a signature over @bytes themselves, in base64url.
 *
 * Errors: DQ_ERROR_KEY.
 */
char *dq_jws_key_sign(const DqJwsKey *key, DqBytes bytes, GError **error);

/**
 * dq_jws_sign: (transfer full): HEADER.PAYLOAD.SIGNATURE, signed with ES256 or, by an RSA key,
 * RS256.
 * @type: what the header's "typ" says, such as "eat+jwt"
 * @payload: JSON
 *
 * Errors: DQ_ERROR_KEY.
 */
char *dq_jws_sign(const DqJwsKey *key, const char *type, const char *payload, GError **error);

#endif
