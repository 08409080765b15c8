/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/evidence.h"

#include "wire/hash.h"
#include "wire/name.h"

static bool get_path(WireReader *r, WireEvidence *e)
{
    WireBytes path;

    if (!wire_get_u64(r, &e->tree_size) || !wire_get_u64(r, &e->leaf_index) ||
        !wire_get_u16(r, &e->path_length) || e->path_length > DEEPQUOTE_PATH_MAX ||
        !wire_get_bytes(r, e->path_length * (size_t)DEEPQUOTE_HASH_SIZE, &path)) {
        return false;
    }
    e->path = path.p;
    return true;
}

/* Calls get or put for each selected PCR, in the order in which their values travel. */
static bool each_pcr(const WirePcrSelection *s, WireBytes *values,
                     bool (*step)(void *cursor, size_t digest_size, WireBytes *value), void *cursor)
{
    for (WirePcrWalk w = { 0 }; wire_pcr_next(s, &w);) {
        size_t digest_size = wire_hash_size(w.hash);

        if (digest_size == 0 || !step(cursor, digest_size, values++)) {
            return false;
        }
    }
    return true;
}

static bool get_pcr_value(void *cursor, size_t digest_size, WireBytes *value)
{
    return wire_get_tpm2b((WireReader *)cursor, digest_size, value) && value->len == digest_size;
}

static bool put_pcr_value(void *cursor, size_t digest_size, WireBytes *value)
{
    return value->len == digest_size && wire_put_tpm2b((WireWriter *)cursor, *value);
}

static bool get_pcrs(WireReader *r, WireEvidence *e)
{
    return wire_get_pcr_selection_max(r, DEEPQUOTE_HOST_BANKS_MAX, &e->host_pcrs) == WIRE_PCR_OK &&
           wire_get_u32(r, &e->pcr_count) && e->pcr_count == wire_pcr_count(&e->host_pcrs) &&
           each_pcr(&e->host_pcrs, e->pcr, get_pcr_value, r);
}

bool wire_decode_evidence_of(WireBytes bytes, WireEvidence *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireEvidence e = { 0 };
    uint32_t magic;
    uint16_t version;

    if (!wire_get_u32(&r, &magic) || magic != DEEPQUOTE_EVIDENCE_MAGIC ||
        !wire_get_u16(&r, &version) || version != DEEPQUOTE_VERSION ||
        !wire_get_tpm2b(&r, WIRE_ATTEST_MAX, &e.host_quoted) ||
        !wire_get_signature(&r, &e.host_signature) || !wire_get_name(&r, &e.host_signer) ||
        !wire_get_tpm2b(&r, DEEPQUOTE_BINDING_MAX, &e.binding_bytes) || !get_path(&r, &e) ||
        !get_pcrs(&r, &e) || r.left != 0) {
        return false;
    }
    *ret = e;
    return true;
}

bool wire_decode_evidence(WireBytes bytes, WireEvidence *ret)
{
    WireEvidence e;

    if (!wire_decode_evidence_of(bytes, &e) || !wire_decode_binding(e.binding_bytes, &e.binding)) {
        return false;
    }
    *ret = e;
    return true;
}

bool wire_put_evidence(WireWriter *w, const WireEvidence *e)
{
    WireWriter t = *w;
    WireBytes path = { e->path, e->path_length * (size_t)DEEPQUOTE_HASH_SIZE };

    if (e->path_length > DEEPQUOTE_PATH_MAX || e->host_pcrs.count > DEEPQUOTE_HOST_BANKS_MAX ||
        e->pcr_count != wire_pcr_count(&e->host_pcrs) || !wire_name_valid(e->host_signer) ||
        !wire_put_u32(&t, DEEPQUOTE_EVIDENCE_MAGIC) || !wire_put_u16(&t, DEEPQUOTE_VERSION) ||
        !wire_put_tpm2b(&t, e->host_quoted) || !wire_put_signature(&t, &e->host_signature) ||
        !wire_put_tpm2b(&t, e->host_signer) || !wire_put_tpm2b(&t, e->binding_bytes) ||
        !wire_put_u64(&t, e->tree_size) || !wire_put_u64(&t, e->leaf_index) ||
        !wire_put_u16(&t, e->path_length) || !wire_put_bytes(&t, path) ||
        !wire_put_pcr_selection(&t, &e->host_pcrs) || !wire_put_u32(&t, e->pcr_count) ||
        !each_pcr(&e->host_pcrs, (WireBytes *)e->pcr, put_pcr_value, &t)) {
        return false;
    }
    *w = t;
    return true;
}
