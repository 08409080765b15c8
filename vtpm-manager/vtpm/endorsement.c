/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/endorsement.h"

#include <string.h>

#include "attest/bytes.h"
#include "attest/deepquote.h"
#include "attest/tpm12.h"
#include "wire/hash.h"
#include "wire/public.h"

enum {
    NEEDED = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
             TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
    ALLOWED = NEEDED | TPMA_OBJECT_USERWITHAUTH, /* templates of the high range */
};

/* PolicySecret(TPM_RH_ENDORSEMENT), alone (PolicyA) and or-ed with PolicyAuthorizeNV (PolicyB) */
static const struct {
    gsize len;
    uint8_t digest[WIRE_DIGEST_MAX];
} policies[] = {
    { 32, { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC,
            0x8D, 0x46, 0xA5, 0xD7, 0x24, 0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52,
            0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA } },
    { 32, { 0xCA, 0x3D, 0x0A, 0x99, 0xA2, 0xB9, 0x39, 0x06, 0xF7, 0xA3, 0x34,
            0x24, 0x14, 0xEF, 0xCF, 0xB3, 0xA3, 0x85, 0xD4, 0x4C, 0xD1, 0xFD,
            0x45, 0x90, 0x89, 0xD1, 0x9B, 0x50, 0x71, 0xC0, 0xB7, 0xA0 } },
    { 48, { 0xB2, 0x6E, 0x7D, 0x28, 0xD1, 0x1A, 0x50, 0xBC, 0x53, 0xD8, 0x82, 0xBC,
            0xF5, 0xFD, 0x3A, 0x1A, 0x07, 0x41, 0x48, 0xBB, 0x35, 0xD3, 0xB4, 0xE4,
            0xCB, 0x1C, 0x0A, 0xD9, 0xBD, 0xE4, 0x19, 0xCA, 0xCB, 0x47, 0xBA, 0x09,
            0x69, 0x96, 0x46, 0x15, 0x0F, 0x9F, 0xC0, 0x00, 0xF3, 0xF8, 0x0E, 0x12 } },
    { 64, { 0xB8, 0x22, 0x1C, 0xA6, 0x9E, 0x85, 0x50, 0xA4, 0x91, 0x4D, 0xE3, 0xFA, 0xA6,
            0xA1, 0x8C, 0x07, 0x2C, 0xC0, 0x12, 0x08, 0x07, 0x3A, 0x92, 0x8D, 0x5D, 0x66,
            0xD5, 0x9E, 0xF7, 0x9E, 0x49, 0xA4, 0x29, 0xC4, 0x1A, 0x6B, 0x26, 0x95, 0x71,
            0xD5, 0x7E, 0xDB, 0x25, 0xFB, 0xDB, 0x18, 0x38, 0x42, 0x56, 0x08, 0xB4, 0x13,
            0xCD, 0x61, 0x6A, 0x5F, 0x6D, 0xB5, 0xB6, 0x07, 0x1A, 0xF9, 0x9B, 0xEA } },
};

static gboolean has_policy(const WirePublic *p)
{
    for (gsize i = 0; i < G_N_ELEMENTS(policies); i++) {
        if (policies[i].len == wire_hash_size(p->name_alg) &&
            wire_bytes_equal(p->auth_policy, (WireBytes){ policies[i].digest, policies[i].len })) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean is_template(const WirePublic *p)
{
    return (p->attributes & NEEDED) == NEEDED && (p->attributes & ~(uint32_t)ALLOWED) == 0 &&
           has_policy(p);
}

/* Only a primary of that hierarchy has this qualified name. */
static gboolean is_endorsement_primary(const DqKey *key, WireBytes qualified_name)
{
    uint8_t want[DQ_NAME_MAX];
    gsize len = dq_key_qualified_name(key, TPM_RH_ENDORSEMENT, want);

    return wire_bytes_equal((WireBytes){ want, len }, qualified_name);
}

/* A TPM 1.2 has one endorsement key, which is nothing else; there are no hierarchies to be in. */
static gboolean take_tpm12(const ManagerEk *ek, Endorsements *e)
{
    enum { MODULUS = 256 };
    WireTpm12Pubkey public;
    uint8_t name[DQ_NAME_MAX];
    const gsize len = dq_tpm12_name(dq_unwire(ek->public), &public, name);

    if (len == 0 || ek->qualified_name.len > 0 ||
        public.enc_scheme != TPM12_ES_RSAESOAEP_SHA1_MGF1 || public.modulus.len != MODULUS) {
        return FALSE;
    }
    memcpy(e->name[e->count].bytes, name, len);
    e->name[e->count].len = len;
    e->count++;
    return TRUE;
}

static void take(const ManagerEk *ek, Endorsements *e)
{
    g_autoptr(DqKey) key = NULL;
    WirePublic public;
    DqBytes name;

    if (take_tpm12(ek, e)) {
        return;
    }
    if (!wire_decode_public(ek->public, &public) || !is_template(&public)) {
        return;
    }
    key = dq_key_new(ek->public.p, ek->public.len, NULL);
    if (!key || !is_endorsement_primary(key, ek->qualified_name)) {
        return;
    }
    name = dq_key_get_name(key);
    memcpy(e->name[e->count].bytes, name.data, name.len);
    e->name[e->count].len = name.len;
    e->count++;
}

Endorsements endorsements_of(const ManagerHello *hello)
{
    Endorsements e = { 0 };

    for (guint i = 0; hello->ek_count != MANAGER_EKS_UNKNOWN && i < hello->ek_count; i++) {
        take(&hello->ek[i], &e);
    }
    return e;
}

WireBytes endorsements_name(const Endorsements *endorsements, guint index)
{
    return (WireBytes){ endorsements->name[index].bytes, endorsements->name[index].len };
}
