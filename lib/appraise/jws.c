/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/jws.h"

#include "appraise/jws-algorithm.h"
#include "attest/base64url.h"
#include "attest/crypto.h"

#include <openssl/pem.h>
#include <string.h>

struct DqJwsKey {
    EVP_PKEY *pkey;
    const DqJwsAlgorithm *algorithm;
};

DqJwsKey *dq_jws_key_new(DqBytes pem, GError **error)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    /* With a passphrase none is asked for at the terminal. */
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
    const DqJwsAlgorithm *algorithm = pkey ? dq_jws_algorithm_of(pkey) : NULL;
    DqJwsKey *key;

    BIO_free(bio);
    if (!algorithm) {
        EVP_PKEY_free(pkey);
        dq_crypto_failed();
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "it is no private key on P-256, or of RSA with 2048 bits, in PEM without a "
                    "password: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
                    "makes one");
        return NULL;
    }
    key = g_new(DqJwsKey, 1);
    key->pkey = pkey;
    key->algorithm = algorithm;
    return key;
}

DqJwsKey *dq_jws_key_make(GError **error)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    DqJwsKey *key;

    if (!pkey) {
        dq_crypto_failed();
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "no key can be made");
        return NULL;
    }
    key = g_new(DqJwsKey, 1);
    key->pkey = pkey;
    key->algorithm = dq_jws_algorithm_of(pkey);
    return key;
}

void dq_jws_key_free(DqJwsKey *key)
{
    if (key) {
        EVP_PKEY_free(key->pkey);
        g_free(key);
    }
}

EVP_PKEY *dq_jws_key_pkey(const DqJwsKey *key)
{
    return key->pkey;
}

/* What was @written to @bio, which is freed. */
static char *take_text(BIO *bio, gboolean written)
{
    char *text = NULL, *data;

    if (written) {
        const long len = BIO_get_mem_data(bio, &data);

        text = g_strndup(data, (gsize)len);
    }
    BIO_free(bio);
    return text;
}

char *dq_jws_key_private(const DqJwsKey *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());

    return take_text(
        bio, bio && PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1);
}

char *dq_jws_key_public(const DqJwsKey *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return take_text(bio, bio && PEM_write_bio_PUBKEY(bio, key->pkey) == 1);
}

char *dq_jws_key_sign(const DqJwsKey *key, DqBytes bytes, GError **error)
{
    uint8_t signature[DQ_JWS_SIGNATURE_MAX];

    if (!dq_jws_algorithm_sign(key->algorithm, key->pkey, bytes, signature)) {
        dq_crypto_failed();
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "the key cannot sign");
        return NULL;
    }
    return dq_base64url((DqBytes){ signature, key->algorithm->signature_size });
}

static DqBytes bytes_of(const char *text)
{
    return (DqBytes){ (const uint8_t *)text, strlen(text) };
}

char *dq_jws_sign(const DqJwsKey *key, const char *type, const char *payload, GError **error)
{
    g_autofree char *header =
        g_strdup_printf("{\"alg\":\"%s\",\"typ\":\"%s\"}", key->algorithm->name, type);
    g_autofree char *first = dq_base64url(bytes_of(header));
    g_autofree char *second = dq_base64url(bytes_of(payload));
    g_autofree char *signed_text = g_strconcat(first, ".", second, NULL);
    g_autofree char *third = dq_jws_key_sign(key, bytes_of(signed_text), error);

    return third ? g_strconcat(signed_text, ".", third, NULL) : NULL;
}
