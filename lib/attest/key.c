/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/key.h"

#include "attest/crypto.h"
#include "attest/digest.h"
#include "attest/file.h"
#include "attest/public.h"
#include "attest/tpm12.h"

#include <openssl/x509.h>

#define KEY_FILE_MAX 65536 /* more than any key or certificate has */

/* TPM_PUBKEY */
static gboolean take_tpm12(DqKey *key, DqBytes bytes)
{
    WireTpm12Pubkey public;

    key->tpm12 = TRUE;
    key->data = g_memdup2(bytes.data, bytes.len);
    key->data_len = bytes.len;
    key->name_len = dq_tpm12_name((DqBytes){ key->data, key->data_len }, &public, key->name);
    if (key->name_len == 0) {
        return FALSE;
    }
    key->public = dq_tpm12_public(&public);
    return TRUE;
}

/* TPMT_PUBLIC */
static gboolean take_public(DqKey *key, DqBytes public, GError **error)
{
    key->data = g_memdup2(public.data, public.len);
    key->data_len = public.len;
    key->name_len = dq_public_name((DqBytes){ key->data, key->data_len }, key->name);
    if (!wire_decode_public((WireBytes){ key->data, key->data_len }, &key->public) ||
        key->name_len == 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "the key's nameAlg 0x%04x is not available: use a key with SHA-256",
                    key->public.name_alg);
        return FALSE;
    }
    return TRUE;
}

DqKey *dq_key_new(const uint8_t *data, gsize len, GError **error)
{
    g_autoptr(DqKey) key = g_new0(DqKey, 1);
    DqBytes public;
    WirePublic decoded;

    key->refs = 1;
    g_mutex_init(&key->lock);
    if (dq_public_unwrap((DqBytes){ data, len }, &public, &decoded)) {
        if (!take_public(key, public, error)) {
            return NULL;
        }
    } else if (!take_tpm12(key, (DqBytes){ data, len })) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "this is no TPM2B_PUBLIC of an RSA or ECC key: give the file that "
                    "tpm2_readpublic -o or vtpm-managerctl ak --output writes (a PEM file holds "
                    "too little: the key's Name cannot be computed from it)");
        return NULL;
    }
    key->pkey = dq_public_to_pkey(&key->public);
    if (!key->pkey) {
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
    gsize len;
    g_autofree char *data = dq_file_read(path, KEY_FILE_MAX, &len, error);
    DqKey *key;

    if (!data) {
        return NULL;
    }
    key = dq_key_new((const uint8_t *)data, len, error);
    if (!key) {
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
    if (!key || !g_atomic_int_dec_and_test(&key->refs)) {
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

DqBytes dq_key_get_public(const DqKey *key)
{
    return (DqBytes){ key->data, key->data_len };
}

gboolean dq_key_has_spki(const DqKey *key, DqBytes spki)
{
    const uint8_t *p = spki.data;
    EVP_PKEY *other = d2i_PUBKEY(NULL, &p, (long)spki.len);
    const gboolean same = other && EVP_PKEY_eq(key->pkey, other) == 1;

    EVP_PKEY_free(other);
    dq_crypto_failed();
    return same;
}

EVP_PKEY *dq_key_get_pkey(const DqKey *key)
{
    return key->pkey;
}

gsize dq_key_qualified_name(const DqKey *key, uint32_t hierarchy, uint8_t *ret_name)
{
    const uint32_t handle = GUINT32_TO_BE(hierarchy);
    const DqBytes parts[] = { { (const uint8_t *)&handle, sizeof(handle) }, dq_key_get_name(key) };
    uint8_t digest[DQ_DIGEST_MAX];
    gsize len = dq_digest(key->public.name_alg, parts, G_N_ELEMENTS(parts), digest);

    memcpy(ret_name, key->name, sizeof(uint16_t)); /* nameAlg */
    memcpy(ret_name + sizeof(uint16_t), digest, len);
    return sizeof(uint16_t) + len;
}

/* Whether all of @wanted are set, and decrypt is not. */
static gboolean has_attributes(const DqKey *key, uint32_t wanted)
{
    const uint32_t mask = wanted | TPMA_OBJECT_DECRYPT;

    return (key->public.attributes & mask) == wanted;
}

gboolean dq_key_is_attestation_key(const DqKey *key)
{
    return has_attributes(key, TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                   TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED |
                                   TPMA_OBJECT_SIGN);
}

gboolean dq_key_is_restricted(const DqKey *key)
{
    return has_attributes(key, TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN);
}
