/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/jws.h"

#include "appraise/base64url.h"
#include "appraise/jws-curve.h"
#include "attest/crypto.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

enum { NUMBER_SIZE = 32 }; /* bytes of r and of s */

struct DqJwsKey {
    EVP_PKEY *pkey;
};

DqJwsKey *dq_jws_key_new(DqBytes pem, GError **error)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    /* With a passphrase none is asked for at the terminal. */
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
    DqJwsKey *key;

    BIO_free(bio);
    if (!pkey || !dq_jws_is_p256(pkey)) {
        EVP_PKEY_free(pkey);
        dq_crypto_failed();
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "it is no private key on P-256 in PEM without a password: openssl genpkey "
                    "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 makes one");
        return NULL;
    }
    key = g_new(DqJwsKey, 1);
    key->pkey = pkey;
    return key;
}

void dq_jws_key_free(DqJwsKey *key)
{
    if (key) {
        EVP_PKEY_free(key->pkey);
        g_free(key);
    }
}

static char *encode_text(const char *text)
{
    return dq_base64url((DqBytes){ (const uint8_t *)text, strlen(text) });
}

/* A DER signature as two numbers of a fixed size. */
static gboolean flatten(const uint8_t *der, gsize len, uint8_t ret[2 * NUMBER_SIZE])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    const gboolean ok =
        sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, NUMBER_SIZE) == NUMBER_SIZE &&
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + NUMBER_SIZE, NUMBER_SIZE) == NUMBER_SIZE;

    ECDSA_SIG_free(sig);
    return ok;
}

static gboolean sign(EVP_PKEY *pkey, const char *text, uint8_t ret[2 * NUMBER_SIZE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[128];
    size_t len = sizeof(der);
    const gboolean ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
                        EVP_DigestSign(ctx, der, &len, (const uint8_t *)text, strlen(text)) == 1 &&
                        flatten(der, len, ret);

    EVP_MD_CTX_free(ctx);
    return ok;
}

char *dq_jws_sign(const DqJwsKey *key, const char *type, const char *payload, GError **error)
{
    g_autofree char *header = g_strdup_printf("{\"alg\":\"ES256\",\"typ\":\"%s\"}", type);
    g_autofree char *first = encode_text(header);
    g_autofree char *second = encode_text(payload);
    g_autofree char *signed_text = g_strconcat(first, ".", second, NULL);
    g_autofree char *third = NULL;
    uint8_t signature[2 * NUMBER_SIZE];

    if (!sign(key->pkey, signed_text, signature)) {
        dq_crypto_failed();
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "the key cannot sign");
        return NULL;
    }
    third = dq_base64url((DqBytes){ signature, sizeof(signature) });
    return g_strconcat(signed_text, ".", third, NULL);
}
