/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenSSL keys that call themselves TPM keys. What fails here aborts. */
#ifndef TESTS_VECTORS_MAKER_KEY_H
#define TESTS_VECTORS_MAKER_KEY_H

#include "attest/deepquote.h"
#include "wire/deepquote.h"

#include <openssl/evp.h>

/** A key with its public area. */
typedef struct MakerKey {
    EVP_PKEY *pkey;
    uint16_t alg; /* of its signatures: TPM_ALG_ECDSA, TPM_ALG_RSASSA, TPM_ALG_RSAPSS */
    uint16_t hash;
    GByteArray *public; /* TPM2B_PUBLIC */
    DqKey *key;
} MakerKey;

/** What a TPM's attestation key has. */
#define MAKER_AK_ATTRIBUTES                                                                        \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |            \
     TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN | 1u << 6 /* userWithAuth */)

/**
 * maker_key_new:
 * @alg: TPM_ALG_ECDSA (P-256, or P-384 where @hash is SHA-384), TPM_ALG_RSASSA, TPM_ALG_RSAPSS
 */
MakerKey *maker_key_new(uint16_t alg, uint16_t hash, uint32_t attributes);
void maker_key_free(MakerKey *key);

/** maker_sign: TPMT_SIGNATURE over @message. */
GByteArray *maker_sign(const MakerKey *key, DqBytes message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MakerKey, maker_key_free)

#endif
