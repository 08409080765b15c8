/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public areas of TPM keys: Name, attributes, and the OpenSSL key. Spec: TPM 2.0 Part 2, 12.2. */
#include "attest/key.h"

#include "attest/bytes.h"
#include "attest/digest.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#define RSA_DEFAULT_EXPONENT 65537
#define RSA_BITS_MIN 2048

static const struct {
    guint16 curve;
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

    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1) {
        if (EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1) {
            pkey = NULL;
        }
    }
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
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
static EVP_PKEY *pkey_from_point(gsize curve, const guint8 *point, gsize len)
{
    EVP_PKEY *template = curve_template(curve);
    EVP_PKEY *pkey = template == NULL ? NULL : EVP_PKEY_dup(template);

    if (pkey != NULL && EVP_PKEY_set1_encoded_public_key(pkey, point, len) == 1) {
        return pkey;
    }
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return NULL;
}

static EVP_PKEY *pkey_from_ecc(const WirePublic *p)
{
    guint8 point[1 + 2 * WIRE_ECC_BYTES_MAX] = { 0x04 };

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
    guint8 modulus[WIRE_KEY_BYTES_MAX]; /* OSSL_PARAM integers are in the order of the machine */
    guint32 exponent = p->rsa_exponent == 0 ? RSA_DEFAULT_EXPONENT : p->rsa_exponent;
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

static EVP_PKEY *pkey_from_public(const WirePublic *p)
{
    return p->type == TPM_ALG_ECC   ? pkey_from_ecc(p)
           : p->type == TPM_ALG_RSA ? pkey_from_rsa(p)
                                    : NULL;
}

/* TPMT_PUBLIC out of either form: a TPM2B's size fills the file exactly, a TPMT's type does not. */
static gboolean unwrap(DqBytes bytes, DqBytes *ret_public)
{
    WireReader r = WIRE_READER(bytes.data, bytes.len);
    WirePublic p;
    WireBytes inner;

    if (wire_get_tpm2b(&r, G_MAXUINT16, &inner) && r.left == 0 && wire_decode_public(inner, &p)) {
        *ret_public = dq_unwire(inner);
        return TRUE;
    }
    if (wire_decode_public(dq_wire(bytes), &p)) {
        *ret_public = bytes;
        return TRUE;
    }
    return FALSE;
}

/* Name = nameAlg || H(TPMT_PUBLIC). Spec: TPM 2.0 Part 1, section 16. */
static gboolean set_name(DqKey *key)
{
    const DqBytes whole = { key->data, key->data_len };
    guint16 alg = key->public.name_alg;
    gsize n = dq_digest(alg, &whole, 1, key->name + 2);

    key->name[0] = (guint8)(alg >> 8);
    key->name[1] = (guint8)(alg & 0xff);
    key->name_len = 2 + n;
    return n > 0;
}

DqKey *dq_key_new(const guint8 *data, gsize len, GError **error)
{
    g_autoptr(DqKey) key = g_new0(DqKey, 1);
    DqBytes public;

    G_STATIC_ASSERT(DQ_NAME_MAX == 2 + DQ_DIGEST_MAX && DQ_NAME_MAX == WIRE_NAME_MAX);
    key->refs = 1;
    g_mutex_init(&key->lock);
    if (!unwrap((DqBytes){ data, len }, &public)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "this is no TPM2B_PUBLIC of an RSA or ECC key: give the file that "
                    "tpm2_readpublic -o or vtpm-managerctl ak --output writes (a PEM file holds "
                    "too little: the key's Name cannot be computed from it)");
        return NULL;
    }
    key->data = g_memdup2(public.data, public.len);
    key->data_len = public.len;
    if (!wire_decode_public((WireBytes){ key->data, key->data_len }, &key->public) ||
        !set_name(key)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "the key's nameAlg 0x%04x is not available: use a key with SHA-256",
                    key->public.name_alg);
        return NULL;
    }
    key->pkey = pkey_from_public(&key->public);
    if (key->pkey == NULL) {
        g_set_error(
            error, DQ_ERROR, DQ_ERROR_KEY,
            "the public area holds no usable key: it must be RSA of 2048 bits or more, or a "
            "point on NIST P-256, P-384 or P-521");
        return NULL;
    }
    return g_steal_pointer(&key);
}

DqKey *dq_key_new_from_file(const char *path, GError **error)
{
    g_autofree char *data = NULL;
    gsize len;
    DqKey *key;

    if (!g_file_get_contents(path, &data, &len, error)) {
        return NULL;
    }
    key = dq_key_new((const guint8 *)data, len, error);
    if (key == NULL) {
        g_prefix_error(error, "%s: ", path);
    }
    return key;
}

DqKey *dq_key_ref(DqKey *key)
{
    g_atomic_int_inc(&key->refs);
    return key;
}

void dq_key_unref(DqKey *key)
{
    if (key == NULL || !g_atomic_int_dec_and_test(&key->refs)) {
        return;
    }
    EVP_PKEY_CTX_free(key->ready);
    EVP_PKEY_free(key->pkey);
    g_mutex_clear(&key->lock);
    g_free(key->data);
    g_free(key);
}

DqBytes dq_key_get_name(const DqKey *key)
{
    return (DqBytes){ key->name, key->name_len };
}

gboolean dq_key_is_attestation_key(const DqKey *key)
{
    const guint32 mask =
        TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_SIGN | TPMA_OBJECT_DECRYPT;

    return (key->public.attributes & mask) == (mask & ~(guint32)TPMA_OBJECT_DECRYPT);
}
