/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/jws-verify.h"

#include "appraise/jws-curve.h"
#include "attest/bytes.h"
#include "attest/crypto.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

enum { NUMBER_SIZE = DQ_JWS_SIGNATURE_SIZE / 2 }; /* bytes of r and of s */

struct DqJwsPublic {
    EVP_PKEY *pkey;
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
    if (!key->pkey || !dq_jws_is_p256(key->pkey) || !digest_key(key->pkey, key->digest)) {
        dq_crypto_failed();
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "it is no public key on P-256 in PEM: openssl pkey -in KEY -pubout writes that "
                    "of a private key");
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

/* Two numbers of a fixed size as a DER signature; 0 where there is no memory. */
static int to_der(const uint8_t numbers[DQ_JWS_SIGNATURE_SIZE], unsigned char **ret_der)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(numbers, NUMBER_SIZE, NULL);
    BIGNUM *s = BN_bin2bn(numbers + NUMBER_SIZE, NUMBER_SIZE, NULL);
    int len = 0;

    if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        len = i2d_ECDSA_SIG(sig, ret_der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    return MAX(len, 0);
}

static gboolean verifies(EVP_PKEY *pkey, DqBytes text, GBytes *signature)
{
    unsigned char *der = NULL;
    const int len = to_der(g_bytes_get_data(signature, NULL), &der);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const gboolean good = len > 0 && ctx &&
                          EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
                          EVP_DigestVerify(ctx, der, (size_t)len, text.data, text.len) == 1;

    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    return good;
}

GBytes *dq_jws_verify(const DqJwsPublic *key, const char *type, DqBytes text, GError **error)
{
    g_auto(DqJwsParts) parts = { 0 };

    if (!dq_jws_parts(text, &parts, error)) {
        return NULL;
    }
    if (!verifies(key->pkey, parts.signed_text, parts.signature)) {
        dq_crypto_failed();
        g_set_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_SIGNATURE,
                    "it is signed by another key, or was changed after it was signed");
        return NULL;
    }
    return dq_jws_check_header(parts.header, type, error) ? g_steal_pointer(&parts.payload) : NULL;
}
