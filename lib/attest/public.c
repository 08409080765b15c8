/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/public.h"
#include "attest/crypto.h"

#include "attest/bytes.h"
#include "attest/digest.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#define RSA_DEFAULT_EXPONENT 65537
#define RSA_BITS_MIN 2048

static const struct {
    uint16_t curve;
    const char *name;
    gsize size; /* bytes of a coordinate */
} curves[] = {
    { TPM_ECC_NIST_P256, "prime256v1", 32 },
    { TPM_ECC_NIST_P384, "secp384r1", 48 },
    { TPM_ECC_NIST_P521, "secp521r1", 66 },
};

static EVP_PKEY *pkey_from_params(const char *type, int selection, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (ctx && EVP_PKEY_fromdata_init(ctx) == 1) {
        if (EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1) {
            pkey = NULL;
        }
    }
    EVP_PKEY_CTX_free(ctx);
    dq_crypto_failed();
    return pkey;
}

/* The curve without a point, made once: setting it up costs more than reading a point. */
static EVP_PKEY *curve_template(gsize at)
{
    static EVP_PKEY *made[G_N_ELEMENTS(curves)];
    static gsize once;

    if (g_once_init_enter(&once)) {
        for (gsize i = 0; i < G_N_ELEMENTS(curves); i++) {
            OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curves[i].name,
                                                 0),
                OSSL_PARAM_construct_end(),
            };

            made[i] = pkey_from_params("EC", EVP_PKEY_KEY_PARAMETERS, params);
        }
        g_once_init_leave(&once, 1);
    }
    return made[at];
}

/* OpenSSL's point decoder refuses what is not on the curve. */
static EVP_PKEY *pkey_from_point(gsize curve, const uint8_t *point, gsize len)
{
    EVP_PKEY *template = curve_template(curve);
    EVP_PKEY *pkey = template ? EVP_PKEY_dup(template) : NULL;

    if (pkey && EVP_PKEY_set1_encoded_public_key(pkey, point, len) == 1) {
        return pkey;
    }
    EVP_PKEY_free(pkey);
    dq_crypto_failed();
    return NULL;
}

static EVP_PKEY *pkey_from_ecc(const WirePublic *p)
{
    uint8_t point[1 + 2 * WIRE_ECC_BYTES_MAX] = { 0x04 };

    for (gsize i = 0; i < G_N_ELEMENTS(curves); i++) {
        gsize n = curves[i].size;

        if (curves[i].curve != p->ecc_curve || p->ecc_x.len > n || p->ecc_y.len > n ||
            p->ecc_x.len == 0 || p->ecc_y.len == 0) {
            continue;
        }
        memcpy(point + 1 + n - p->ecc_x.len, p->ecc_x.p, p->ecc_x.len);
        memcpy(point + 1 + 2 * n - p->ecc_y.len, p->ecc_y.p, p->ecc_y.len);
        return pkey_from_point(i, point, 1 + 2 * n);
    }
    return NULL;
}

static EVP_PKEY *pkey_from_rsa(const WirePublic *p)
{
    uint8_t modulus[WIRE_KEY_BYTES_MAX]; /* OSSL_PARAM integers are in the order of the machine */
    uint32_t exponent = p->rsa_exponent == 0 ? RSA_DEFAULT_EXPONENT : p->rsa_exponent;
    gsize n = p->rsa_modulus.len;
    OSSL_PARAM params[3];

    if (n > sizeof(modulus) || n * 8 != p->rsa_key_bits || p->rsa_key_bits < RSA_BITS_MIN ||
        exponent < 3 || exponent % 2 == 0) {
        return NULL;
    }
    for (gsize i = 0; i < n; i++) {
        modulus[G_BYTE_ORDER == G_LITTLE_ENDIAN ? n - 1 - i : i] = p->rsa_modulus.p[i];
    }
    params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, n);
    params[1] = OSSL_PARAM_construct_uint32(OSSL_PKEY_PARAM_RSA_E, &exponent);
    params[2] = OSSL_PARAM_construct_end();
    return pkey_from_params("RSA", EVP_PKEY_PUBLIC_KEY, params);
}

EVP_PKEY *dq_public_to_pkey(const WirePublic *p)
{
    return p->type == TPM_ALG_ECC   ? pkey_from_ecc(p)
           : p->type == TPM_ALG_RSA ? pkey_from_rsa(p)
                                    : NULL;
}

/* A TPM2B's size fills the file exactly, a TPMT's type does not. */
gboolean dq_public_unwrap(DqBytes bytes, DqBytes *ret_public, WirePublic *ret_decoded)
{
    WireReader r = WIRE_READER(bytes.data, bytes.len);
    WireBytes inner;

    if (wire_get_tpm2b(&r, G_MAXUINT16, &inner) && r.left == 0 &&
        wire_decode_public(inner, ret_decoded)) {
        *ret_public = dq_unwire(inner);
        return TRUE;
    }
    if (wire_decode_public(dq_wire(bytes), ret_decoded)) {
        *ret_public = bytes;
        return TRUE;
    }
    return FALSE;
}

gsize dq_public_name(DqBytes bytes, uint8_t ret_name[DQ_NAME_MAX])
{
    uint8_t name[DQ_NAME_MAX];
    WireWriter w = WIRE_WRITER(name, sizeof(name));
    DqBytes public;
    WirePublic p;
    gsize n;

    G_STATIC_ASSERT(DQ_NAME_MAX == 2 + DQ_DIGEST_MAX && DQ_NAME_MAX == WIRE_NAME_MAX);
    if (!dq_public_unwrap(bytes, &public, &p) || !wire_put_u16(&w, p.name_alg)) {
        return 0;
    }
    n = dq_digest(p.name_alg, &public, 1, name + w.len);
    if (n == 0) {
        return 0;
    }
    memcpy(ret_name, name, w.len + n);
    return w.len + n;
}
