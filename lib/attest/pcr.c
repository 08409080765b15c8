/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/pcr.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/hash.h"

#include <string.h>

/* pcrDigest where no key determines the hash */
static const uint16_t digest_by_size[] = { TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512,
                                           TPM_ALG_SHA1 };

gboolean dq_pcr_selection_equal(const WirePcrSelection *a, const WirePcrSelection *b)
{
    if (a->count != b->count) {
        return FALSE;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        const WirePcrBank *x = &a->bank[i];
        const WirePcrBank *y = &b->bank[i];

        if (x->hash != y->hash || x->size != y->size ||
            memcmp(x->select, y->select, x->size) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean dq_pcr_split(const WirePcrSelection *selection, DqBytes bytes, WireBytes *ret_values)
{
    WireReader r = WIRE_READER(bytes.data, bytes.len);
    gsize n = 0;

    for (WirePcrWalk w = { 0 }; wire_pcr_next(selection, &w);) {
        gsize size = wire_hash_size(w.hash);

        if (size == 0 || !wire_get_bytes(&r, size, &ret_values[n])) {
            return FALSE;
        }
        n++;
    }
    return r.left == 0;
}

gssize dq_pcr_find(const WirePcrSelection *selection, uint16_t alg, unsigned pcr)
{
    gssize at = 0;

    for (WirePcrWalk w = { 0 }; wire_pcr_next(selection, &w);) {
        if (w.hash == alg && w.pcr == pcr) {
            return at;
        }
        at++;
    }
    return -1;
}

static uint16_t alg_of_size(gsize size)
{
    for (gsize i = 0; i < G_N_ELEMENTS(digest_by_size); i++) {
        if (wire_hash_size(digest_by_size[i]) == size) {
            return digest_by_size[i];
        }
    }
    return TPM_ALG_NULL;
}

gboolean dq_pcr_digest_matches(uint16_t alg, const WireBytes *values, gsize count, WireBytes digest)
{
    uint8_t made[DQ_DIGEST_MAX];
    DqBytes parts[DQ_PCRS_MAX];
    gsize n;

    g_return_val_if_fail(count <= DQ_PCRS_MAX, FALSE);

    for (gsize i = 0; i < count; i++) {
        parts[i] = dq_unwire(values[i]);
    }
    n = dq_digest(alg == TPM_ALG_NULL ? alg_of_size(digest.len) : alg, parts, count, made);
    return n > 0 && dq_bytes_equal((DqBytes){ made, n }, dq_unwire(digest));
}
