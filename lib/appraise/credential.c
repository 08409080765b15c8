/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/credential.h"

#include "appraise/ecdh.h"
#include "attest/bytes.h"
#include "attest/crypto.h"
#include "attest/digest.h"
#include "attest/public.h"
#include "wire/hash.h"
#include "wire/tpm-constants.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

enum {
    RSA_BITS = 2048,
    KEY_MAX = 32,   /* bytes of an AES key */
    POINT_MAX = 66, /* bytes of a coordinate */
    BLOB_MAX = 512,
};

/* Labels have their zero: the TPM hashes it. */
static const char identity[] = "IDENTITY", storage[] = "STORAGE", integrity[] = "INTEGRITY";

/** What the secret is protected with. */
typedef struct Seed {
    uint8_t bytes[DQ_DIGEST_MAX];
    gsize size;
} Seed;

void dq_credential_clear(DqCredential *credential)
{
    g_clear_pointer(&credential->blob, g_bytes_unref);
    g_clear_pointer(&credential->secret, g_bytes_unref);
}

static gboolean is_curve(uint16_t curve)
{
    return curve == TPM_ECC_NIST_P256 || curve == TPM_ECC_NIST_P384;
}

static gboolean is_ek(const WirePublic *p)
{
    const uint32_t must = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED |
                          TPMA_OBJECT_DECRYPT;

    return (p->attributes & must) == must && !(p->attributes & TPMA_OBJECT_SIGN) &&
           p->sym_alg == TPM_ALG_AES && p->sym_mode == TPM_ALG_CFB &&
           (p->sym_key_bits == 128 || p->sym_key_bits == 256) &&
           (p->type == TPM_ALG_RSA ? p->rsa_key_bits == RSA_BITS
                                   : p->type == TPM_ALG_ECC && is_curve(p->ecc_curve));
}

/* ------------------------------------------------------------------------------ Derivation */

static gboolean derive(const char *kdf_name, OSSL_PARAM *params, uint8_t *out, gsize size)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    const gboolean ok = ctx && EVP_KDF_derive(ctx, out, size, params) == 1;

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    if (!ok) {
        dq_crypto_failed();
    }
    return ok;
}

static OSSL_PARAM octets(const char *key, DqBytes bytes)
{
    return OSSL_PARAM_construct_octet_string(key, (void *)bytes.data, bytes.len);
}

static OSSL_PARAM text(const char *key, const char *value)
{
    return OSSL_PARAM_construct_utf8_string(key, (char *)value, 0);
}

/* KDFa: SP 800-108 in counter mode; the label's zero is what separates it from the context. */
static gboolean kdfa(const WireHash *hash, const Seed *seed, const char *label, DqBytes context,
                     uint8_t *out, gsize size)
{
    OSSL_PARAM params[] = {
        text(OSSL_KDF_PARAM_MAC, "HMAC"),
        text(OSSL_KDF_PARAM_DIGEST, hash->standard_name),
        octets(OSSL_KDF_PARAM_KEY, (DqBytes){ seed->bytes, seed->size }),
        octets(OSSL_KDF_PARAM_SALT, (DqBytes){ (const uint8_t *)label, strlen(label) }),
        octets(OSSL_KDF_PARAM_INFO, context),
        OSSL_PARAM_construct_end(),
    };

    return derive("KBKDF", params, out, size);
}

/* KDFe: SP 800-56A, the one-step KDF with a hash. */
static gboolean kdfe(const WireHash *hash, DqBytes z, const char *label, DqBytes party_u,
                     DqBytes party_v, uint8_t *out, gsize size)
{
    g_autoptr(GByteArray) info = g_byte_array_new();
    const DqBytes parts[] = { { (const uint8_t *)label, strlen(label) + 1 }, party_u, party_v };
    OSSL_PARAM params[] = {
        text(OSSL_KDF_PARAM_DIGEST, hash->standard_name),
        octets(OSSL_KDF_PARAM_KEY, z),
        OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_byte_array_append(info, parts[i].data, (guint)parts[i].len);
    }
    params[2] = octets(OSSL_KDF_PARAM_INFO, (DqBytes){ info->data, info->len });
    return derive("SSKDF", params, out, size);
}

/* ------------------------------------------------------------------------------------ Seed */

static gboolean set_oaep(EVP_PKEY_CTX *ctx, const EVP_MD *md)
{
    void *label = OPENSSL_memdup(identity, sizeof(identity));

    if (!label || EVP_PKEY_encrypt_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) != 1 || EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) != 1 ||
        EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, sizeof(identity)) != 1) {
        OPENSSL_free(label);
        return FALSE;
    }
    return TRUE;
}

/* A random seed, and TPM2B_ENCRYPTED_SECRET of its ciphertext. */
static gboolean seed_by_rsa(EVP_PKEY *pkey, const WireHash *hash, Seed *seed, WireWriter *w)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    uint8_t out[RSA_BITS / 8];
    size_t size = sizeof(out);
    gboolean ok;

    seed->size = hash->size;
    ok = ctx && RAND_bytes(seed->bytes, (int)seed->size) == 1 &&
         set_oaep(ctx, dq_digest_md(hash->alg)) &&
         EVP_PKEY_encrypt(ctx, out, &size, seed->bytes, seed->size) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok && wire_put_tpm2b(w, (WireBytes){ out, size });
}

static gboolean put_point(WireWriter *w, WireBytes x, WireBytes y)
{
    uint8_t buf[2 * (2 + POINT_MAX)];
    WireWriter point = WIRE_WRITER(buf, sizeof(buf));

    return wire_put_tpm2b(&point, x) && wire_put_tpm2b(&point, y) &&
           wire_put_tpm2b(w, wire_written(&point));
}

/* A key for this one time; the seed is derived from what it agrees on with the EK. */
static gboolean seed_by_ecdh(EVP_PKEY *pkey, const WirePublic *p, const WireHash *hash, Seed *seed,
                             WireWriter *w)
{
    const gsize size = p->ecc_curve == TPM_ECC_NIST_P256 ? 32 : 48;
    EVP_PKEY *own = EVP_EC_gen(p->ecc_curve == TPM_ECC_NIST_P256 ? "P-256" : "P-384");
    uint8_t x[POINT_MAX], y[POINT_MAX], z[POINT_MAX];
    gboolean ok;

    seed->size = hash->size;
    ok = own && dq_ecdh_point(own, x, y, size) && dq_ecdh_agree(own, pkey, z, size) &&
         kdfe(hash, (DqBytes){ z, size }, identity, (DqBytes){ x, size }, dq_unwire(p->ecc_x),
              seed->bytes, seed->size) &&
         put_point(w, (WireBytes){ x, size }, (WireBytes){ y, size });
    OPENSSL_cleanse(z, sizeof(z));
    EVP_PKEY_free(own);
    return ok;
}

/* ------------------------------------------------------------------------------------ Blob */

static gboolean encrypt(const WirePublic *p, const uint8_t *key, DqBytes plain, uint8_t *ret)
{
    const uint8_t iv[16] = { 0 };
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    const gboolean ok =
        ctx &&
        EVP_EncryptInit_ex(ctx,
                           p->sym_key_bits == 128 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128(),
                           NULL, key, iv) == 1 &&
        EVP_EncryptUpdate(ctx, ret, &len, plain.data, (int)plain.len) == 1 &&
        (gsize)len == plain.len;

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static gboolean hmac(const WireHash *hash, const uint8_t *key, DqBytes a, DqBytes b, uint8_t *ret)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    size_t len = 0;

    g_byte_array_append(message, a.data, (guint)a.len);
    g_byte_array_append(message, b.data, (guint)b.len);
    return EVP_Q_mac(NULL, "HMAC", NULL, hash->standard_name, NULL, key, hash->size, message->data,
                     message->len, ret, DQ_DIGEST_MAX, &len) &&
           len == hash->size;
}

/* TPM2B_ID_OBJECT: an HMAC, then the encrypted TPM2B_DIGEST. */
static gboolean put_blob(const WirePublic *p, const WireHash *hash, const Seed *seed, DqBytes name,
                         DqBytes value, WireWriter *w)
{
    uint8_t key[KEY_MAX], mac_key[DQ_DIGEST_MAX], mac[DQ_DIGEST_MAX];
    uint8_t plain[2 + DQ_DIGEST_MAX], hidden[sizeof(plain)], inner[BLOB_MAX];
    WireWriter plain_w = WIRE_WRITER(plain, sizeof(plain));
    WireWriter inner_w = WIRE_WRITER(inner, sizeof(inner));
    gboolean ok;

    ok = kdfa(hash, seed, storage, name, key, p->sym_key_bits / 8) &&
         kdfa(hash, seed, integrity, (DqBytes){ NULL, 0 }, mac_key, hash->size) &&
         wire_put_tpm2b(&plain_w, dq_wire(value)) &&
         encrypt(p, key, (DqBytes){ plain, plain_w.len }, hidden) &&
         hmac(hash, mac_key, (DqBytes){ hidden, plain_w.len }, name, mac) &&
         wire_put_tpm2b(&inner_w, (WireBytes){ mac, hash->size }) &&
         wire_put_bytes(&inner_w, (WireBytes){ hidden, plain_w.len }) &&
         wire_put_tpm2b(w, wire_written(&inner_w));
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(mac_key, sizeof(mac_key));
    OPENSSL_cleanse(plain, sizeof(plain));
    return ok;
}

static gboolean make(const WirePublic *p, EVP_PKEY *pkey, DqBytes name, DqBytes value,
                     DqCredential *ret)
{
    const WireHash *hash = wire_hash_find(p->name_alg);
    uint8_t blob[BLOB_MAX], secret[BLOB_MAX];
    WireWriter blob_w = WIRE_WRITER(blob, sizeof(blob));
    WireWriter secret_w = WIRE_WRITER(secret, sizeof(secret));
    Seed seed = { .size = 0 };
    gboolean ok;

    ok = hash && value.len <= hash->size &&
         (p->type == TPM_ALG_RSA ? seed_by_rsa(pkey, hash, &seed, &secret_w)
                                 : seed_by_ecdh(pkey, p, hash, &seed, &secret_w)) &&
         put_blob(p, hash, &seed, name, value, &blob_w);
    OPENSSL_cleanse(&seed, sizeof(seed));
    if (!ok) {
        dq_crypto_failed();
        return FALSE;
    }
    ret->blob = g_bytes_new(blob, blob_w.len);
    ret->secret = g_bytes_new(secret, secret_w.len);
    return TRUE;
}

gboolean dq_credential_make(DqBytes ek, DqBytes name, DqBytes value, DqCredential *ret_credential,
                            GError **error)
{
    EVP_PKEY *pkey;
    DqBytes area;
    WirePublic p;
    gboolean ok;

    if (!dq_public_unwrap(ek, &area, &p) || !is_ek(&p)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "it is no endorsement key: a restricted decryption key, RSA-2048, P-256 or "
                    "P-384");
        return FALSE;
    }
    pkey = dq_public_to_pkey(&p);
    ok = pkey && make(&p, pkey, name, value, ret_credential);
    EVP_PKEY_free(pkey);
    if (!ok) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "no credential can be made for this key");
    }
    return ok;
}
