/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/tpm12.h"

#include "attest/bytes.h"
#include "attest/crypto.h"
#include "attest/digest.h"
#include "attest/key.h"

#include <openssl/rsa.h>

gsize dq_tpm12_name(DqBytes pubkey, WireTpm12Pubkey *ret_public, uint8_t ret_name[DQ_NAME_MAX])
{
    if (!wire_decode_tpm12_pubkey(dq_wire(pubkey), ret_public)) {
        return 0;
    }
    ret_name[0] = 0;
    ret_name[1] = TPM_ALG_SHA256;
    dq_sha256(&pubkey, 1, ret_name + sizeof(uint16_t));
    return sizeof(uint16_t) + DQ_HASH_SIZE;
}

/* What is no number of at most 32 bits is no exponent that OpenSSL's key takes: 1. */
static uint32_t exponent_of(WireBytes bytes)
{
    uint32_t exponent = 0;

    for (gsize i = 0; i < bytes.len; i++) {
        exponent = exponent << 8 | bytes.p[i];
    }
    return exponent == 0 && bytes.len > 0 ? 1 : exponent;
}

WirePublic dq_tpm12_public(const WireTpm12Pubkey *p)
{
    return (WirePublic){
        .type = TPM_ALG_RSA,
        .name_alg = TPM_ALG_SHA256,
        .sym_alg = TPM_ALG_NULL,
        .scheme = { .scheme = p->sig_scheme == TPM12_SS_RSASSAPKCS1v15_SHA1 ? TPM_ALG_RSASSA
                                                                            : TPM_ALG_NULL,
                    .hash = TPM_ALG_SHA1 },
        .rsa_key_bits = p->key_bits <= G_MAXUINT16 ? (uint16_t)p->key_bits : 0,
        .rsa_exponent = exponent_of(p->exponent),
        .rsa_modulus = p->modulus,
    };
}

gboolean dq_tpm12_verify(const DqKey *key, DqBytes message, const WireSignature *signature)
{
    uint8_t digest[DQ_DIGEST_MAX];
    const gsize n = dq_digest(TPM_ALG_SHA1, &message, 1, digest);
    EVP_PKEY_CTX *ctx;
    gboolean good;

    if (!key->tpm12 || key->public.scheme.scheme != TPM_ALG_RSASSA ||
        signature->alg != TPM_ALG_RSASSA || signature->hash != TPM_ALG_SHA1) {
        return FALSE;
    }
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    good = n > 0 && ctx && EVP_PKEY_verify_init(ctx) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(ctx, dq_digest_md(TPM_ALG_SHA1)) == 1 &&
           EVP_PKEY_verify(ctx, signature->r.p, signature->r.len, digest, n) == 1;
    EVP_PKEY_CTX_free(ctx);
    dq_crypto_failed();
    return good;
}
