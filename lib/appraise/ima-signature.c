/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/ima-signature.h"

#include "attest/digest.h"
#include "wire/tpm-constants.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum {
    TYPE_SIGNATURE = 3, /* EVM_IMA_XATTR_DIGSIG */
    VERSION = 2,
};

/** What is before a signature. The key's identifier is no more than a hint. */
typedef struct Header {
    uint8_t type, version, hash;
    uint32_t key;
    WireBytes signature;
} Header;

static gboolean read_header(WireBytes bytes, Header *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    uint16_t size;

    return wire_get_u8(&r, &ret->type) && ret->type == TYPE_SIGNATURE &&
           wire_get_u8(&r, &ret->version) && ret->version == VERSION &&
           wire_get_u8(&r, &ret->hash) && wire_get_u32(&r, &ret->key) && wire_get_u16(&r, &size) &&
           wire_get_bytes(&r, size, &ret->signature) && r.left == 0;
}

/* Of a number of the kernel's enum hash_algo; 0 for the others. */
static uint16_t algorithm_of(uint8_t number)
{
    static const uint16_t algorithms[] = {
        [4] = TPM_ALG_SHA256, [5] = TPM_ALG_SHA384, [6] = TPM_ALG_SHA512
    };

    return number < G_N_ELEMENTS(algorithms) ? algorithms[number] : 0;
}

static EVP_PKEY *read_key(GBytes *spki)
{
    gsize len;
    const unsigned char *p = g_bytes_get_data(spki, &len);

    return d2i_PUBKEY(NULL, &p, (long)len);
}

static gboolean set_up(EVP_PKEY_CTX *context, const EVP_PKEY *key, const EVP_MD *md)
{
    return EVP_PKEY_verify_init(context) == 1 &&
           (!EVP_PKEY_is_a(key, "RSA") ||
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1) &&
           EVP_PKEY_CTX_set_signature_md(context, md) == 1;
}

static gboolean is_by(WireBytes signature, const DqImaDigest *digest, uint16_t alg, GBytes *spki)
{
    EVP_PKEY *key = read_key(spki);
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    const gboolean good = context && set_up(context, key, dq_digest_md(alg)) &&
                          EVP_PKEY_verify(context, signature.p, signature.len, digest->bytes.p,
                                          digest->bytes.len) == 1;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

gboolean dq_ima_is_signed(const DqImaFields *fields, const GPtrArray *keys)
{
    const uint16_t alg = dq_ima_digest_alg(&fields->digest);
    Header h;

    if (alg == 0 || !read_header(fields->signature, &h) || algorithm_of(h.hash) != alg) {
        return FALSE;
    }
    for (guint i = 0; i < keys->len; i++) {
        if (is_by(h.signature, &fields->digest, alg, keys->pdata[i])) {
            return TRUE;
        }
    }
    return FALSE;
}
