/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/ima-replay.h"

#include "appraise/error.h"
#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/hash.h"

#include <string.h>

DqImaState dq_ima_start(uint16_t alg, guint pcr)
{
    return (DqImaState){ .alg = alg, .pcr = pcr, .size = wire_hash_size(alg) };
}

static gboolean is_value(const DqImaState *s, WireBytes quoted)
{
    return wire_bytes_equal((WireBytes){ s->value, s->size }, quoted);
}

/* What the kernel extended for an entry whose data has the digest of SHA-1 @sha1. */
static void to_extend(const DqImaEntry *e, const DqImaState *s, const uint8_t *sha1,
                      uint8_t *ret_digest)
{
    memset(ret_digest, 0, s->size);
    if (e->violation) {
        memset(ret_digest, 0xff, s->mode == DQ_IMA_ALL_PADDED ? DQ_IMA_SHA1_SIZE : s->size);
    } else if (s->mode == DQ_IMA_OWN_HASH && s->alg != TPM_ALG_SHA1) {
        dq_ima_hash(e, s->alg, ret_digest);
    } else {
        memcpy(ret_digest, sha1, DQ_IMA_SHA1_SIZE);
    }
}

static void extend(const DqImaEntry *e, DqImaState *s, const uint8_t *sha1)
{
    uint8_t digest[DQ_DIGEST_MAX];
    const DqBytes parts[] = { { s->value, s->size }, { digest, s->size } };

    to_extend(e, s, sha1, digest);
    dq_digest(s->alg, parts, G_N_ELEMENTS(parts), s->value);
}

static void note(uint64_t *count, uint64_t *first, uint64_t number)
{
    if ((*count)++ == 0) {
        *first = number;
    }
}

static void apply(const DqImaEntry *e, DqImaReplay *r)
{
    uint8_t sha1[DQ_DIGEST_MAX] = { 0 };
    const WireBytes own = { sha1, DQ_IMA_SHA1_SIZE };

    if (e->pcr != r->state.pcr) {
        return;
    }
    if (e->violation) {
        note(&r->violations, &r->first_violation, e->number);
    } else if (dq_ima_hash(e, TPM_ALG_SHA1, sha1) == 0 || !wire_bytes_equal(own, e->digest)) {
        note(&r->altered, &r->first_altered, e->number);
    }
    extend(e, &r->state, sha1);
}

/* From @r's state up to the value quoted, or to the end of the list. */
static gboolean run(DqImaWalk *walk, WireBytes quoted, DqImaReplay *r, GError **error)
{
    g_autoptr(GError) problem = NULL;
    DqImaEntry entry;

    r->outcome = quoted.len == 0 ? DQ_PCR_NOT_QUOTED : DQ_PCR_DIFFERS;
    if (is_value(&r->state, quoted)) {
        r->outcome = DQ_PCR_MATCHES;
        return TRUE;
    }
    while (dq_ima_next(walk, &entry, &problem)) {
        apply(&entry, r);
        r->state.count = walk->number;
        r->state.offset = walk->list.len - walk->rest.left;
        if (entry.pcr == r->state.pcr && is_value(&r->state, quoted)) {
            r->outcome = DQ_PCR_MATCHES;
            return TRUE;
        }
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    return TRUE;
}

/* The entries after the quote are counted, and must decode. */
static gboolean count_rest(DqImaWalk *walk, uint64_t *ret_count, GError **error)
{
    g_autoptr(GError) problem = NULL;
    DqImaEntry entry;

    while (dq_ima_next(walk, &entry, &problem)) {
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    *ret_count = walk->number;
    return TRUE;
}

/* In one mode; what does not match is DQ_PCR_DIFFERS. */
static gboolean replay_as(WireBytes list, const DqImaState *from, DqImaMode mode, WireBytes quoted,
                          DqImaReplay *ret, GError **error)
{
    DqImaWalk walk = dq_ima_walk(list, from->count, from->offset);
    DqImaReplay r = { .state = *from };

    r.state.mode = mode;
    if (!run(&walk, quoted, &r, error) || !count_rest(&walk, &r.count, error)) {
        return FALSE;
    }
    *ret = r;
    return TRUE;
}

gboolean dq_ima_replay(WireBytes list, const DqImaState *from, WireBytes quoted,
                       DqImaReplay *ret_replay, GError **error)
{
    const gboolean is_open = from->count == 0 && from->alg != TPM_ALG_SHA1;
    DqImaReplay first, r;

    if (from->offset > list.len) {
        g_set_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_SHORTER,
                    "the list has %" G_GSIZE_FORMAT " bytes and had %" G_GUINT64_FORMAT
                    " at the last appraisal: start anew after a reboot",
                    list.len, from->offset);
        return FALSE;
    }
    if (!dq_digest_md(from->alg)) {
        *ret_replay = (DqImaReplay){ .outcome = DQ_PCR_NO_HASH, .state = *from };
        return TRUE;
    }
    if (!replay_as(list, from, from->mode, quoted, &first, error)) {
        return FALSE;
    }
    *ret_replay = first;
    for (int mode = from->mode + 1;
         is_open && first.outcome == DQ_PCR_DIFFERS && mode < DQ_IMA_MODES; mode++) {
        if (!replay_as(list, from, (DqImaMode)mode, quoted, &r, error)) {
            return FALSE;
        }
        if (r.outcome == DQ_PCR_MATCHES) {
            *ret_replay = r;
            break;
        }
    }
    return TRUE;
}

static void append_flaws(GString *out, const DqImaReplay *r)
{
    if (r->violations > 0) {
        g_string_append_printf(out,
                               "; %" G_GUINT64_FORMAT " violation%s, first entry %" G_GUINT64_FORMAT
                               ": the file may have been another when it was used",
                               r->violations, r->violations == 1 ? "" : "s", r->first_violation);
    }
    if (r->altered > 0) {
        g_string_append_printf(out,
                               "; %" G_GUINT64_FORMAT
                               " with a digest that is not that of the entry, "
                               "first entry %" G_GUINT64_FORMAT,
                               r->altered, r->first_altered);
    }
    if (r->state.mode != DQ_IMA_OWN_HASH) {
        g_string_append(out, "; this kernel extended digests of SHA-1 into this bank");
    }
}

char *dq_ima_replay_say(const DqImaReplay *r)
{
    GString *out = g_string_new(NULL);

    if (r->outcome == DQ_PCR_NO_HASH) {
        g_string_append(out, "OpenSSL has not this hash algorithm: take another bank");
        return g_string_free(out, FALSE);
    }
    if (r->outcome == DQ_PCR_DIFFERS) {
        g_string_append_printf(out,
                               "no beginning of the list leads to the value quoted, nor do all of "
                               "its %" G_GUINT64_FORMAT " entries",
                               r->count);
    } else if (r->state.count == r->count) {
        g_string_append_printf(out, "all %" G_GUINT64_FORMAT " entries lead to it", r->count);
    } else {
        g_string_append_printf(out,
                               "the first %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                               " entries lead to it; the others came after the quote",
                               r->state.count, r->count);
    }
    append_flaws(out, r);
    return g_string_free(out, FALSE);
}
