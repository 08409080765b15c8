/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker_key.h"

#include "attest/digest.h"
#include "attest/key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#define RSA_BITS 2048

/* A number as a TPM has it: big-endian, @size bytes long. */
static WireBytes get_number(EVP_PKEY *pkey, const char *what, uint8_t *buffer, gsize size)
{
    BIGNUM *n = NULL;

    g_assert_true(EVP_PKEY_get_bn_param(pkey, what, &n) == 1);
    g_assert_cmpint(BN_bn2binpad(n, buffer, (int)size), ==, (int)size);
    BN_free(n);
    return (WireBytes){ buffer, size };
}

static GByteArray *wrap_public(const WirePublic *p)
{
    uint8_t buffer[1024];
    WireWriter w = WIRE_WRITER(buffer, sizeof(buffer));
    size_t mark;

    g_assert_true(wire_open_u16(&w, &mark) && wire_put_public(&w, p) && wire_close_u16(&w, mark));
    return g_byte_array_append(g_byte_array_new(), buffer, (guint)w.len);
}

static GByteArray *make_public(const MakerKey *k, uint32_t attributes)
{
    gsize size = k->hash == TPM_ALG_SHA384 ? 48 : 32;
    uint8_t x[RSA_BITS / 8], y[WIRE_ECC_BYTES_MAX];
    WirePublic p = {
        .name_alg = TPM_ALG_SHA256,
        .attributes = attributes,
        .sym_alg = TPM_ALG_NULL,
        .scheme = { .scheme = k->alg, .hash = k->hash },
        .kdf_scheme = TPM_ALG_NULL,
    };

    if (attributes & TPMA_OBJECT_DECRYPT) { /* such a key has a cipher for its children */
        p.sym_alg = 0x0006;                 /* TPM_ALG_AES */
        p.sym_key_bits = 128;
        p.sym_mode = 0x0043; /* TPM_ALG_CFB */
        p.scheme = (WireSigScheme){ .scheme = TPM_ALG_NULL };
    }
    if (k->alg == TPM_ALG_ECDSA) {
        p.type = TPM_ALG_ECC;
        p.ecc_curve = size == 48 ? TPM_ECC_NIST_P384 : TPM_ECC_NIST_P256;
        p.ecc_x = get_number(k->pkey, OSSL_PKEY_PARAM_EC_PUB_X, x, size);
        p.ecc_y = get_number(k->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y, size);
    } else {
        p.type = TPM_ALG_RSA;
        p.kdf_scheme = 0;
        p.rsa_key_bits = RSA_BITS;
        p.rsa_modulus = get_number(k->pkey, OSSL_PKEY_PARAM_RSA_N, x, RSA_BITS / 8);
    }
    return wrap_public(&p);
}

MakerKey *maker_key_new(uint16_t alg, uint16_t hash, uint32_t attributes)
{
    MakerKey *k = g_new0(MakerKey, 1);
    GError *error = NULL;

    k->alg = alg;
    k->hash = hash;
    k->pkey = alg == TPM_ALG_ECDSA ? EVP_EC_gen(hash == TPM_ALG_SHA384 ? "P-384" : "P-256")
                                   : EVP_RSA_gen(RSA_BITS);
    g_assert_nonnull(k->pkey);
    k->public = make_public(k, attributes);
    k->key = dq_key_new(k->public->data, k->public->len, &error);
    g_assert_no_error(error);
    return k;
}

void maker_key_free(MakerKey *key)
{
    if (key) {
        EVP_PKEY_free(key->pkey);
        g_byte_array_unref(key->public);
        dq_key_unref(key->key);
        g_free(key);
    }
}

/* DER to the two numbers, each as long as the curve's order. */
static void split_ecdsa(const MakerKey *key, DqBytes der, uint8_t *r, uint8_t *s,
                        WireSignature *sig)
{
    int size = (EVP_PKEY_get_bits(key->pkey) + 7) / 8;
    const uint8_t *at = der.data;
    ECDSA_SIG *e = d2i_ECDSA_SIG(NULL, &at, (long)der.len);

    g_assert_nonnull(e);
    g_assert_cmpint(BN_bn2binpad(ECDSA_SIG_get0_r(e), r, size), ==, size);
    g_assert_cmpint(BN_bn2binpad(ECDSA_SIG_get0_s(e), s, size), ==, size);
    ECDSA_SIG_free(e);
    sig->r = (WireBytes){ r, (gsize)size };
    sig->s = (WireBytes){ s, (gsize)size };
}

GByteArray *maker_sign(const MakerKey *key, DqBytes message)
{
    uint8_t raw[RSA_BITS / 8], r[WIRE_ECC_BYTES_MAX], s[WIRE_ECC_BYTES_MAX], buffer[1024];
    size_t len = sizeof(raw);
    WireSignature sig = { .alg = key->alg, .hash = key->hash };
    WireWriter w = WIRE_WRITER(buffer, sizeof(buffer));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;

    g_assert_true(EVP_DigestSignInit(ctx, &options, dq_digest_md(key->hash), NULL, key->pkey) == 1);
    if (key->alg == TPM_ALG_RSAPSS) {
        g_assert_true(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
    }
    g_assert_true(EVP_DigestSign(ctx, raw, &len, message.data, message.len) == 1);
    EVP_MD_CTX_free(ctx);
    if (key->alg == TPM_ALG_ECDSA) {
        split_ecdsa(key, (DqBytes){ raw, len }, r, s, &sig);
    } else {
        sig.r = (WireBytes){ raw, len };
    }
    g_assert_true(wire_put_signature(&w, &sig));
    return g_byte_array_append(g_byte_array_new(), buffer, (guint)w.len);
}
