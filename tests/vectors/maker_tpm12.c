/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker_tpm12.h"

#include "attest/digest.h"
#include "wire/tpm12-key.h"
#include "wire/tpm12-quote.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

enum { MODULUS = 256 };

MakerKey *maker_tpm12_key_new(void)
{
    MakerKey *k = g_new0(MakerKey, 1);
    uint8_t modulus[MODULUS], buffer[512];
    WireWriter w = WIRE_WRITER(buffer, sizeof(buffer));
    const WireTpm12Pubkey public = {
        .enc_scheme = TPM12_ES_NONE,
        .sig_scheme = TPM12_SS_RSASSAPKCS1v15_SHA1,
        .key_bits = 8 * MODULUS,
        .primes = 2,
        .modulus = { modulus, sizeof(modulus) },
    };
    BIGNUM *n = NULL;

    k->alg = TPM_ALG_RSASSA;
    k->hash = TPM_ALG_SHA1;
    k->pkey = EVP_RSA_gen(8 * MODULUS);
    g_assert_true(EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
    g_assert_cmpint(BN_bn2binpad(n, modulus, MODULUS), ==, MODULUS);
    BN_free(n);
    g_assert_true(wire_put_tpm12_pubkey(&w, &public));
    k->public = g_byte_array_append(g_byte_array_new(), buffer, (guint)w.len);
    k->key = dq_key_new(k->public->data, k->public->len, NULL);
    g_assert_nonnull(k->key);
    return k;
}

void maker_tpm12_order(MakerOrder *order, const MakerKey *aik)
{
    static const unsigned pcrs[] = { 0, 1, 10 };

    order->tpm12 = TRUE;
    order->ak = aik;
    order->nonce.len = MIN(order->nonce.len, (gsize)TPM12_DIGEST_SIZE);
    memset(&order->vtpm_pcrs, 0, sizeof(order->vtpm_pcrs));
    for (gsize i = 0; i < G_N_ELEMENTS(pcrs); i++) {
        g_assert_true(wire_pcr_select(&order->vtpm_pcrs, TPM_ALG_SHA1, pcrs[i]));
    }
}

/* TPM_COMPOSITE_HASH */
static void hash_pcrs(const MakerDeed *d, uint8_t *ret_digest)
{
    uint8_t head[16];
    WireWriter w = WIRE_WRITER(head, sizeof(head));
    DqBytes parts[2];

    g_assert_true(wire_put_tpm12_pcrs(&w, &d->order.vtpm_pcrs) &&
                  wire_put_u32(&w, d->vtpm_pcrs->len));
    parts[0] = (DqBytes){ head, w.len };
    parts[1] = maker_bytes(d->vtpm_pcrs);
    g_assert_cmpuint(dq_digest(TPM_ALG_SHA1, parts, G_N_ELEMENTS(parts), ret_digest), ==,
                     TPM12_DIGEST_SIZE);
}

void maker_tpm12_quote(MakerDeed *d)
{
    static const uint8_t version[] = { 0x00, 0x30, 1, 2, 8, 7, 0, 2, 3, 'I', 'B', 'M', 0, 0, 0 };
    const MakerOrder *o = &d->order;
    uint8_t digest[DQ_DIGEST_MAX], buffer[WIRE_ATTEST_MAX];
    WireWriter w = WIRE_WRITER(buffer, sizeof(buffer));
    const WireQuoteInfo2 info = {
        .external_data = o->nonce,
        .pcrs = o->vtpm_pcrs,
        .locality = 1,
        .pcr_digest = { digest, TPM12_DIGEST_SIZE },
        .version_info = { version, o->version_info ? sizeof(version) : 0 },
    };

    hash_pcrs(d, digest);
    g_assert_true(wire_put_quote_info2(&w, &info));
    d->vtpm_quoted = g_byte_array_append(g_byte_array_new(), buffer, (guint)w.len);
    d->vtpm_signature = maker_sign(o->ak, maker_bytes(d->vtpm_quoted));
}
