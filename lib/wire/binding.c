/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/binding.h"

#include "wire/name.h"

/* A digest of the binding that is there if, and only if, its flag is set. */
static bool optional_fits(uint32_t flags, uint32_t flag, WireBytes digest)
{
    return digest.len == ((flags & flag) != 0 ? (size_t)DEEPQUOTE_HASH_SIZE : 0);
}

static bool binding_valid(const WireBinding *b)
{
    return (b->flags & DEEPQUOTE_HASH_UUID) != 0 &&
           (b->flags & ~(uint32_t)DEEPQUOTE_FLAGS_ALL) == 0 &&
           b->nonce.len >= DEEPQUOTE_NONCE_MIN && b->nonce.len <= DEEPQUOTE_NONCE_MAX &&
           b->vtpm_quoted.len == DEEPQUOTE_HASH_SIZE && wire_name_valid(b->vtpm_signer) &&
           wire_name_valid(b->vtpm_ek) &&
           optional_fits(b->flags, DEEPQUOTE_VTPM_MEASUREMENTS, b->measurement) &&
           optional_fits(b->flags, DEEPQUOTE_GROUP_INFO, b->group_info) &&
           optional_fits(b->flags, DEEPQUOTE_GROUP_PUBKEY, b->group_key) &&
           optional_fits(b->flags, DEEPQUOTE_VM_LAUNCH, b->launch);
}

bool wire_decode_binding(WireBytes bytes, WireBinding *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireBinding b = { 0 };
    uint32_t magic;
    uint16_t version;

    if (!wire_get_u32(&r, &magic) || magic != DEEPQUOTE_BINDING_MAGIC ||
        !wire_get_u16(&r, &version) || version != DEEPQUOTE_VERSION ||
        !wire_get_u32(&r, &b.flags) || !wire_get_tpm2b(&r, DEEPQUOTE_NONCE_MAX, &b.nonce) ||
        !wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &b.vtpm_quoted) ||
        !wire_get_tpm2b(&r, WIRE_NAME_MAX, &b.vtpm_signer) || !wire_get_uuid(&r, &b.uuid) ||
        !wire_get_tpm2b(&r, WIRE_NAME_MAX, &b.vtpm_ek) ||
        !wire_get_copy(&r, sizeof(b.lineage), b.lineage) || !wire_get_u64(&r, &b.epoch) ||
        !wire_get_u64(&r, &b.generation) || !wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &b.measurement) ||
        !wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &b.group_info) ||
        !wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &b.group_key) ||
        !wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &b.launch) || r.left != 0 || !binding_valid(&b)) {
        return false;
    }
    *ret = b;
    return true;
}

bool wire_put_binding(WireWriter *w, const WireBinding *b)
{
    WireWriter t = *w;

    if (!binding_valid(b) || !wire_put_u32(&t, DEEPQUOTE_BINDING_MAGIC) ||
        !wire_put_u16(&t, DEEPQUOTE_VERSION) || !wire_put_u32(&t, b->flags) ||
        !wire_put_tpm2b(&t, b->nonce) || !wire_put_tpm2b(&t, b->vtpm_quoted) ||
        !wire_put_tpm2b(&t, b->vtpm_signer) || !wire_put_uuid(&t, &b->uuid) ||
        !wire_put_tpm2b(&t, b->vtpm_ek) ||
        !wire_put_bytes(&t, (WireBytes){ b->lineage, sizeof(b->lineage) }) ||
        !wire_put_u64(&t, b->epoch) || !wire_put_u64(&t, b->generation) ||
        !wire_put_tpm2b(&t, b->measurement) || !wire_put_tpm2b(&t, b->group_info) ||
        !wire_put_tpm2b(&t, b->group_key) || !wire_put_tpm2b(&t, b->launch)) {
        return false;
    }
    *w = t;
    return true;
}
