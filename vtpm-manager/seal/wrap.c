/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/wrap.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

G_STATIC_ASSERT(WRAP_NONCE_SIZE + WRAP_KEY_SIZE + WRAP_TAG_SIZE == (int)REGISTRY_WRAPPED_SIZE);

/* Authenticated with the UUID, so that nothing else of ours can be taken for a key. */
static const char label[] = "DEEPQUOTE-STATE-KEY-V1";

/* Authenticates whose it is. @encrypt: as EVP_CipherInit_ex() has it */
static gboolean begin(EVP_CIPHER_CTX *ctx, const uint8_t *kek, const uint8_t *nonce,
                      const WireUuid *uuid, int encrypt)
{
    int len;

    return EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, kek, nonce, encrypt) == 1 &&
           EVP_CipherUpdate(ctx, NULL, &len, (const uint8_t *)label, sizeof(label)) == 1 &&
           EVP_CipherUpdate(ctx, NULL, &len, uuid->byte, sizeof(uuid->byte)) == 1;
}

gboolean wrap_key(const uint8_t *kek, const WireUuid *uuid, const uint8_t *key,
                  uint8_t ret[REGISTRY_WRAPPED_SIZE])
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t *const sealed = ret + WRAP_NONCE_SIZE;
    int len;
    const gboolean ok =
        ctx && RAND_bytes(ret, WRAP_NONCE_SIZE) == 1 && begin(ctx, kek, ret, uuid, 1) &&
        EVP_CipherUpdate(ctx, sealed, &len, key, WRAP_KEY_SIZE) == 1 &&
        EVP_CipherFinal_ex(ctx, sealed + WRAP_KEY_SIZE, &len) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, WRAP_TAG_SIZE, sealed + WRAP_KEY_SIZE) == 1;

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

gboolean wrap_open(const uint8_t *kek, const WireUuid *uuid,
                   const uint8_t wrapped[REGISTRY_WRAPPED_SIZE], uint8_t *ret_key)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const uint8_t *const sealed = wrapped + WRAP_NONCE_SIZE;
    int len;
    const gboolean ok = ctx && begin(ctx, kek, wrapped, uuid, 0) &&
                        EVP_CipherUpdate(ctx, ret_key, &len, sealed, WRAP_KEY_SIZE) == 1 &&
                        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, WRAP_TAG_SIZE,
                                            (uint8_t *)sealed + WRAP_KEY_SIZE) == 1 &&
                        EVP_CipherFinal_ex(ctx, ret_key + WRAP_KEY_SIZE, &len) == 1;

    if (!ok) {
        OPENSSL_cleanse(ret_key, WRAP_KEY_SIZE);
    }
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}
