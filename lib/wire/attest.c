/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/attest.h"

static bool get_common(WireReader *r, WireAttest *a)
{
    return wire_get_u32(r, &a->magic) && wire_get_u16(r, &a->type) &&
           wire_get_tpm2b(r, WIRE_NAME_MAX, &a->qualified_signer) &&
           wire_get_tpm2b(r, WIRE_DIGEST_MAX + 2, &a->extra_data) && wire_get_u64(r, &a->clock) &&
           wire_get_u32(r, &a->reset_count) && wire_get_u32(r, &a->restart_count) &&
           wire_get_u8(r, &a->safe) && a->safe <= 1 && wire_get_u64(r, &a->firmware_version);
}

static bool get_attested(WireReader *r, WireAttest *a)
{
    if (a->type == TPM_ST_ATTEST_QUOTE) {
        return wire_get_pcr_selection(r, &a->pcr_select) &&
               wire_get_tpm2b(r, WIRE_DIGEST_MAX, &a->pcr_digest);
    }
    return wire_get_bytes(r, r->left, &a->other);
}

bool wire_decode_attest(WireBytes bytes, WireAttest *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireAttest a = { 0 };

    if (!get_common(&r, &a) || !get_attested(&r, &a) || r.left != 0) {
        return false;
    }
    *ret = a;
    return true;
}

static bool put_attested(WireWriter *w, const WireAttest *a)
{
    if (a->type == TPM_ST_ATTEST_QUOTE) {
        return wire_put_pcr_selection(w, &a->pcr_select) && wire_put_tpm2b(w, a->pcr_digest);
    }
    return wire_put_bytes(w, a->other);
}

bool wire_put_attest(WireWriter *w, const WireAttest *a)
{
    WireWriter t = *w;

    if (!wire_put_u32(&t, a->magic) || !wire_put_u16(&t, a->type) ||
        !wire_put_tpm2b(&t, a->qualified_signer) || !wire_put_tpm2b(&t, a->extra_data) ||
        !wire_put_u64(&t, a->clock) || !wire_put_u32(&t, a->reset_count) ||
        !wire_put_u32(&t, a->restart_count) || !wire_put_u8(&t, a->safe) ||
        !wire_put_u64(&t, a->firmware_version) || !put_attested(&t, a)) {
        return false;
    }
    *w = t;
    return true;
}
