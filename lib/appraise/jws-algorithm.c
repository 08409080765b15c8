/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/jws-algorithm.h"

#include <openssl/ecdsa.h>
#include <string.h>

enum {
    NUMBER_SIZE = 32, /* bytes of r and of s */
    RSA_BITS = 2048,
    OPENSSL_MAX = DQ_JWS_SIGNATURE_MAX, /* a DER signature on P-256 has at most 72 bytes */
};

gboolean dq_jws_is_p256(const EVP_PKEY *pkey)
{
    char group[32] = "";
    size_t len;

    return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1 &&
           g_str_equal(group, "prime256v1");
}

gboolean dq_jws_is_rsa_2048(const EVP_PKEY *pkey)
{
    return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA && EVP_PKEY_get_bits(pkey) == RSA_BITS;
}

static gboolean flatten(const uint8_t *der, gsize len, uint8_t *ret)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    const gboolean ok =
        sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, NUMBER_SIZE) == NUMBER_SIZE &&
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + NUMBER_SIZE, NUMBER_SIZE) == NUMBER_SIZE;

    ECDSA_SIG_free(sig);
    return ok;
}

/* 0 where there is no memory. */
static int to_der(const uint8_t *numbers, unsigned char **ret_der)
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

static const DqJwsAlgorithm algorithms[] = {
    { "ES256", 2 * (gsize)NUMBER_SIZE, dq_jws_is_p256, flatten, to_der },
    { "RS256", RSA_BITS / 8, dq_jws_is_rsa_2048, NULL, NULL },
};

const DqJwsAlgorithm *dq_jws_algorithm_of(const EVP_PKEY *pkey)
{
    for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
        if (algorithms[i].fits(pkey)) {
            return &algorithms[i];
        }
    }
    return NULL;
}

gboolean dq_jws_algorithm_sign(const DqJwsAlgorithm *algorithm, EVP_PKEY *pkey, DqBytes text,
                               uint8_t ret[DQ_JWS_SIGNATURE_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t made[OPENSSL_MAX];
    size_t len = sizeof(made);
    gboolean ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
                  EVP_DigestSign(ctx, made, &len, text.data, text.len) == 1;

    EVP_MD_CTX_free(ctx);
    if (ok && algorithm->flatten) {
        return algorithm->flatten(made, len, ret);
    }
    ok = ok && len == algorithm->signature_size;
    if (ok) {
        memcpy(ret, made, len);
    }
    return ok;
}

static gboolean verify(EVP_PKEY *pkey, DqBytes text, DqBytes signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const gboolean good =
        ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
        EVP_DigestVerify(ctx, signature.data, signature.len, text.data, text.len) == 1;

    EVP_MD_CTX_free(ctx);
    return good;
}

gboolean dq_jws_algorithm_verify(const DqJwsAlgorithm *algorithm, EVP_PKEY *pkey, DqBytes text,
                                 DqBytes signature)
{
    unsigned char *der = NULL;
    gboolean good = signature.len == algorithm->signature_size;

    if (good && algorithm->to_der) {
        const int len = algorithm->to_der(signature.data, &der);

        signature = (DqBytes){ der, (gsize)len };
        good = len > 0;
    }
    good = good && verify(pkey, text, signature);
    OPENSSL_free(der);
    return good;
}
