/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How keys sign JSON. Spec: RFC 7518, sections 3.3 (RS256) and 3.4 (ES256). */
#ifndef APPRAISE_JWS_ALGORITHM_H
#define APPRAISE_JWS_ALGORITHM_H

#include "attest/deepquote.h"

#include <openssl/evp.h>

enum { DQ_JWS_SIGNATURE_MAX = 256 }; /* bytes */

/** DqJwsAlgorithm: what a key signs with; a key has one. */
typedef struct DqJwsAlgorithm {
    const char *name; /* as a header's "alg" has it */
    gsize signature_size;
    gboolean (*fits)(const EVP_PKEY *pkey);
    /* Signatures of OpenSSL and of JWS made into each other. NULL: they are the same. */
    gboolean (*flatten)(const uint8_t *der, gsize len, uint8_t *ret);
    int (*to_der)(const uint8_t *signature, unsigned char **ret_der);
} DqJwsAlgorithm;

/** dq_jws_is_p256, dq_jws_is_rsa_2048: the two kinds of key. */
gboolean dq_jws_is_p256(const EVP_PKEY *pkey);
gboolean dq_jws_is_rsa_2048(const EVP_PKEY *pkey);

/** dq_jws_algorithm_of: of a key on P-256 or an RSA key of 2048 bits; NULL for all others. */
const DqJwsAlgorithm *dq_jws_algorithm_of(const EVP_PKEY *pkey);

/**
 * dq_jws_algorithm_sign:
 * @ret: @algorithm->signature_size bytes
 */
gboolean dq_jws_algorithm_sign(const DqJwsAlgorithm *algorithm, EVP_PKEY *pkey, DqBytes text,
                               uint8_t ret[DQ_JWS_SIGNATURE_MAX]);

/** dq_jws_algorithm_verify: whether @signature is one of @pkey over @text. */
gboolean dq_jws_algorithm_verify(const DqJwsAlgorithm *algorithm, EVP_PKEY *pkey, DqBytes text,
                                 DqBytes signature);

#endif
