/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/ek-template.h"

#include "wire/tpm-constants.h"

/* PolicySecret(TPM_RH_ENDORSEMENT): PolicyA with SHA-256 */
static const uint8_t policy_a[] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC, 0x8D, 0x46, 0xA5, 0xD7, 0x24,
    0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52, 0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA,
};

/* PolicyOR of that and of a policy in NV memory: PolicyB with SHA-384 */
static const uint8_t policy_b[] = {
    0xB2, 0x6E, 0x7D, 0x28, 0xD1, 0x1A, 0x50, 0xBC, 0x53, 0xD8, 0x82, 0xBC, 0xF5, 0xFD, 0x3A, 0x1A,
    0x07, 0x41, 0x48, 0xBB, 0x35, 0xD3, 0xB4, 0xE4, 0xCB, 0x1C, 0x0A, 0xD9, 0xBD, 0xE4, 0x19, 0xCA,
    0xCB, 0x47, 0xBA, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0F, 0x9F, 0xC0, 0x00, 0xF3, 0xF8, 0x0E, 0x12,
};

enum {
    LOW_RANGE = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
    HIGH_RANGE = LOW_RANGE | TPMA_OBJECT_USERWITHAUTH,
};

/** A default template. */
typedef struct Template {
    uint16_t curve; /* 0: RSA */
    size_t size;    /* bytes of the modulus, or of a coordinate */
    uint16_t hash;
    uint32_t attributes;
    uint16_t aes_bits;
    WireBytes policy;
} Template;

static const Template templates[] = {
    { 0, 256, TPM_ALG_SHA256, LOW_RANGE, 128, { policy_a, sizeof(policy_a) } },
    { 0, 384, TPM_ALG_SHA384, HIGH_RANGE, 256, { policy_b, sizeof(policy_b) } },
    { TPM_ECC_NIST_P256, 32, TPM_ALG_SHA256, LOW_RANGE, 128, { policy_a, sizeof(policy_a) } },
    { TPM_ECC_NIST_P384, 48, TPM_ALG_SHA384, HIGH_RANGE, 256, { policy_b, sizeof(policy_b) } },
};

static const Template *find(uint16_t curve, size_t size)
{
    for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        if (templates[i].curve == curve && templates[i].size == size) {
            return &templates[i];
        }
    }
    return NULL;
}

bool wire_ek_template(uint16_t curve, WireBytes x, WireBytes y, WirePublic *ret)
{
    const Template *t = find(curve, x.len);

    if (!t || y.len != (curve ? x.len : 0)) {
        return false;
    }
    *ret = (WirePublic){
        .type = curve ? TPM_ALG_ECC : TPM_ALG_RSA,
        .name_alg = t->hash,
        .attributes = t->attributes,
        .auth_policy = t->policy,
        .sym_alg = TPM_ALG_AES,
        .sym_key_bits = t->aes_bits,
        .sym_mode = TPM_ALG_CFB,
        .scheme.scheme = TPM_ALG_NULL,
        .kdf_scheme = curve ? TPM_ALG_NULL : 0,
        .ecc_curve = curve,
    };
    if (curve) {
        ret->ecc_x = x;
        ret->ecc_y = y;
    } else {
        ret->rsa_key_bits = (uint16_t)(x.len * 8);
        ret->rsa_modulus = x;
    }
    return true;
}
