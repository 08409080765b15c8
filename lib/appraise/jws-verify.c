/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/jws-verify.h"

#include "appraise/jws-algorithm.h"
#include "attest/base64url.h"
#include "attest/bytes.h"
#include "attest/crypto.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

struct DqJwsPublic {
    EVP_PKEY *pkey;
    const DqJwsAlgorithm *algorithm;
    uint8_t digest[DQ_HASH_SIZE]; /* of its SubjectPublicKeyInfo */
};

static gboolean digest_key(EVP_PKEY *pkey, uint8_t ret[DQ_HASH_SIZE])
{
    unsigned char *der = NULL;
    const int len = i2d_PUBKEY(pkey, &der);
    const gboolean good =
        len > 0 && EVP_Digest(der, (size_t)len, ret, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(der);
    return good;
}

DqJwsPublic *dq_jws_public_new(DqBytes pem, GError **error)
{
    g_autoptr(DqJwsPublic) key = g_new0(DqJwsPublic, 1);
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);

    key->pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    key->algorithm = key->pkey ? dq_jws_algorithm_of(key->pkey) : NULL;
    if (!key->algorithm || !digest_key(key->pkey, key->digest)) {
        dq_crypto_failed();
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "it is no public key on P-256, or of RSA with 2048 bits, in PEM: openssl pkey "
                    "-in KEY -pubout writes that of a private key");
        return NULL;
    }
    return g_steal_pointer(&key);
}

void dq_jws_public_free(DqJwsPublic *key)
{
    if (key) {
        EVP_PKEY_free(key->pkey);
        g_free(key);
    }
}

void dq_jws_public_digest(const DqJwsPublic *key, uint8_t ret_digest[DQ_HASH_SIZE])
{
    memcpy(ret_digest, key->digest, DQ_HASH_SIZE);
}

const EVP_PKEY *dq_jws_public_pkey(const DqJwsPublic *key)
{
    return key->pkey;
}

gboolean dq_jws_public_verify(const DqJwsPublic *key, DqBytes bytes, const char *signature)
{
    g_autoptr(GBytes) decoded =
        dq_base64url_decode((DqBytes){ (const uint8_t *)signature, strlen(signature) });
    const gboolean good = decoded && dq_jws_algorithm_verify(key->algorithm, key->pkey, bytes,
                                                             dq_bytes_peek(decoded));

    dq_crypto_failed();
    return good;
}

GBytes *dq_jws_verify(const DqJwsPublic *key, const char *type, DqBytes text, GError **error)
{
    g_auto(DqJwsParts) parts = { 0 };

    if (!dq_jws_parts(text, &parts, error)) {
        return NULL;
    }
    if (g_bytes_get_size(parts.signature) != key->algorithm->signature_size) {
        g_set_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_MALFORMED,
                    "its signature is none of %s, which has %zu bytes: sign it with that",
                    key->algorithm->name, key->algorithm->signature_size);
        return NULL;
    }
    if (!dq_jws_algorithm_verify(key->algorithm, key->pkey, parts.signed_text,
                                 dq_bytes_peek(parts.signature))) {
        dq_crypto_failed();
        g_set_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_SIGNATURE,
                    "it is signed by another key, or was changed after it was signed");
        return NULL;
    }
    return dq_jws_check_header(parts.header, key->algorithm->name, type, error)
               ? g_steal_pointer(&parts.payload)
               : NULL;
}
