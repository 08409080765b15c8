/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "approval/policy.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "attest/public.h"
#include "wire/hash.h"

#include <openssl/core_names.h>
#include <string.h>

#define REF_LABEL "DEEPQUOTE-APPROVAL-V1" /* its zero is hashed too */

enum {
    CC_POLICY_AUTHORIZE = 0x16a,
    CC_POLICY_PCR = 0x17f,
    ATTRIBUTES = 0x00040040, /* sign, userWithAuth */
    RSA_BITS = 2048,
    RSA_EXPONENT = 65537,              /* the usual one, which a TPM calls 0 */
    POINT_SIZE = 1 + 2 * DQ_HASH_SIZE, /* uncompressed, on P-256 */
    POLICY_BYTES_MAX = 512,
};

static const uint8_t none[DQ_HASH_SIZE];

void dq_approval_ref(const char *group, uint8_t ret[DQ_HASH_SIZE])
{
    const DqBytes parts[] = { { (const uint8_t *)REF_LABEL, sizeof(REF_LABEL) },
                              { (const uint8_t *)group, strlen(group) } };

    dq_sha256(parts, G_N_ELEMENTS(parts), ret);
}

/* The PCRs' values one after the other, bank by bank, and what selects them. */
static gboolean digest_pcrs(const DqProfileBoot *boot, WirePcrSelection *ret_selection,
                            uint8_t ret[DQ_HASH_SIZE])
{
    g_autoptr(GList) keys = dq_profile_boot_keys(boot);
    g_autoptr(GByteArray) values = g_byte_array_new();
    WirePcrSelection selection = { 0 };
    DqBytes bytes;

    for (const GList *k = keys; k; k = k->next) {
        const DqBytes value = dq_bytes_peek(g_hash_table_lookup(boot->pcrs, k->data));

        if (!wire_pcr_select(&selection, dq_profile_key_alg(k->data),
                             dq_profile_key_pcr(k->data))) {
            return FALSE;
        }
        g_byte_array_append(values, value.data, (guint)value.len);
    }
    bytes = (DqBytes){ values->data, values->len };
    dq_sha256(&bytes, 1, ret);
    *ret_selection = selection;
    return TRUE;
}

gboolean dq_approval_pcr_policy(const DqProfileBoot *boot, WirePcrSelection *ret_selection,
                                uint8_t ret[DQ_HASH_SIZE])
{
    uint8_t digest[DQ_HASH_SIZE], bytes[POLICY_BYTES_MAX];
    WireWriter w = WIRE_WRITER(bytes, sizeof(bytes));
    DqBytes all;

    if (!digest_pcrs(boot, ret_selection, digest) ||
        !wire_put_bytes(&w, (WireBytes){ none, sizeof(none) }) ||
        !wire_put_u32(&w, CC_POLICY_PCR) || !wire_put_pcr_selection(&w, ret_selection) ||
        !wire_put_bytes(&w, (WireBytes){ digest, sizeof(digest) })) {
        return FALSE;
    }
    all = dq_unwire(wire_written(&w));
    dq_sha256(&all, 1, ret);
    return TRUE;
}

void dq_approval_message(const uint8_t policy[DQ_HASH_SIZE], const uint8_t ref[DQ_HASH_SIZE],
                         uint8_t ret[DQ_APPROVAL_MESSAGE_SIZE])
{
    memcpy(ret, policy, DQ_HASH_SIZE);
    memcpy(ret + DQ_HASH_SIZE, ref, DQ_HASH_SIZE);
}

/* Parameters and unique of a key on P-256: no symmetric algorithm, no scheme, no KDF. */
static gboolean put_ecc(WireWriter *w, const EVP_PKEY *pkey)
{
    uint8_t point[POINT_SIZE];
    size_t len = 0;

    return EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
                                           &len) == 1 &&
           len == sizeof(point) && point[0] == 0x04 && wire_put_u16(w, TPM_ALG_NULL) &&
           wire_put_u16(w, TPM_ALG_NULL) && wire_put_u16(w, TPM_ECC_NIST_P256) &&
           wire_put_u16(w, TPM_ALG_NULL) &&
           wire_put_tpm2b(w, (WireBytes){ point + 1, DQ_HASH_SIZE }) &&
           wire_put_tpm2b(w, (WireBytes){ point + 1 + DQ_HASH_SIZE, DQ_HASH_SIZE });
}

/* The same of an RSA key; its exponent is told as it is, where it is not the usual one. */
static gboolean put_rsa(WireWriter *w, const EVP_PKEY *pkey)
{
    uint8_t modulus[RSA_BITS / 8];
    BIGNUM *n = NULL, *e = NULL;
    gboolean ok;

    ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
         EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
         BN_bn2binpad(n, modulus, sizeof(modulus)) == sizeof(modulus) && BN_num_bits(e) <= 32 &&
         wire_put_u16(w, TPM_ALG_NULL) && wire_put_u16(w, TPM_ALG_NULL) &&
         wire_put_u16(w, RSA_BITS) &&
         wire_put_u32(w, BN_is_word(e, RSA_EXPONENT) ? 0 : (uint32_t)BN_get_word(e)) &&
         wire_put_tpm2b(w, (WireBytes){ modulus, sizeof(modulus) });
    BN_free(n);
    BN_free(e);
    return ok;
}

gsize dq_approval_public(const DqJwsPublic *key, uint8_t ret[DQ_APPROVAL_PUBLIC_MAX])
{
    const EVP_PKEY *pkey = dq_jws_public_pkey(key);
    const gboolean rsa = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA;
    WireWriter w = WIRE_WRITER(ret, DQ_APPROVAL_PUBLIC_MAX);
    const gboolean ok = wire_put_u16(&w, rsa ? TPM_ALG_RSA : TPM_ALG_ECC) &&
                        wire_put_u16(&w, TPM_ALG_SHA256) && wire_put_u32(&w, ATTRIBUTES) &&
                        wire_put_u16(&w, 0) && (rsa ? put_rsa : put_ecc)(&w, pkey);

    return ok ? w.len : 0;
}

/* Spec: TPM 2.0 Part 3, TPM2_PolicyAuthorize: the policy that it leaves. */
void dq_approval_policy(const DqJwsPublic *key, const uint8_t ref[DQ_HASH_SIZE],
                        uint8_t ret[DQ_HASH_SIZE])
{
    static const uint8_t command[] = { 0, 0, CC_POLICY_AUTHORIZE >> 8, CC_POLICY_AUTHORIZE & 0xff };
    uint8_t public_area[DQ_APPROVAL_PUBLIC_MAX], name[DQ_NAME_MAX], first[DQ_HASH_SIZE];
    const gsize len = dq_approval_public(key, public_area);
    const gsize name_len = dq_public_name((DqBytes){ public_area, len }, name);
    const DqBytes of_key[] = { { none, sizeof(none) },
                               { command, sizeof(command) },
                               { name, name_len } };
    const DqBytes with_ref[] = { { first, sizeof(first) }, { ref, DQ_HASH_SIZE } };

    dq_sha256(of_key, G_N_ELEMENTS(of_key), first);
    dq_sha256(with_ref, G_N_ELEMENTS(with_ref), ret);
}
