/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/ima-list.h"

#include "appraise/error.h"
#include "attest/bytes.h"
#include "attest/digest.h"

#include <string.h>

DqImaWalk dq_ima_walk(WireBytes list, uint64_t number, uint64_t offset)
{
    return (DqImaWalk){ list, WIRE_READER(list.p + offset, list.len - offset), number };
}

static gboolean malformed(const DqImaEntry *e, GError **error, const char *what)
{
    g_set_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_MALFORMED,
                "entry %" G_GUINT64_FORMAT " at offset %" G_GUINT64_FORMAT ": %s", e->number,
                e->offset, what);
    return FALSE;
}

static gboolean is_text(WireBytes b)
{
    for (gsize i = 0; i < b.len; i++) {
        if (!g_ascii_isgraph((char)b.p[i])) {
            return FALSE;
        }
    }
    return b.len > 0;
}

/* A digest of SHA-1 without its length, then the file's name. */
static gboolean get_oldest_data(WireReader *r, WireBytes *ret)
{
    WireReader t = *r;
    WireBytes digest, name;
    uint32_t size;

    if (!wire_get_bytes(&t, DQ_IMA_SHA1_SIZE, &digest) || !wire_get_le32(&t, &size) ||
        size > DQ_IMA_FILE_MAX || !wire_get_bytes(&t, size, &name)) {
        return FALSE;
    }
    *ret = (WireBytes){ r->p, r->left - t.left };
    *r = t;
    return TRUE;
}

static gboolean get_data(WireReader *r, DqImaEntry *e)
{
    uint32_t size;

    if (e->oldest) {
        return get_oldest_data(r, &e->data);
    }
    return wire_get_le32(r, &size) && wire_get_bytes(r, size, &e->data);
}

static gboolean is_zero(WireBytes b)
{
    for (gsize i = 0; i < b.len; i++) {
        if (b.p[i] != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean dq_ima_next(DqImaWalk *walk, DqImaEntry *ret_entry, GError **error)
{
    WireReader r = walk->rest;
    DqImaEntry e = { .number = walk->number, .offset = walk->list.len - r.left };
    uint32_t size;

    if (r.left == 0) {
        return FALSE;
    }
    if (walk->list.len > DQ_IMA_LIST_MAX) {
        g_set_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_TOO_LARGE,
                    "the list has %" G_GSIZE_FORMAT " bytes; no more than %d are read",
                    walk->list.len, DQ_IMA_LIST_MAX);
        return FALSE;
    }
    if (!wire_get_le32(&r, &e.pcr) || !wire_get_bytes(&r, DQ_IMA_SHA1_SIZE, &e.digest) ||
        !wire_get_le32(&r, &size)) {
        return malformed(&e, error, "the list ends inside it");
    }
    if (e.pcr >= DQ_IMA_PCRS) {
        return malformed(&e, error, "it is for a PCR that there is not");
    }
    if (size > DQ_IMA_TEMPLATE_MAX || !wire_get_bytes(&r, size, &e.template) ||
        !is_text(e.template)) {
        return malformed(&e, error, "its template has no name");
    }
    e.oldest = size == 3 && memcmp(e.template.p, "ima", 3) == 0;
    if (!get_data(&r, &e)) {
        return malformed(&e, error, "its data is longer than the list");
    }
    e.violation = is_zero(e.digest);
    walk->rest = r;
    walk->number++;
    *ret_entry = e;
    return TRUE;
}

gsize dq_ima_hash(const DqImaEntry *entry, uint16_t alg, uint8_t *ret_digest)
{
    static const uint8_t zeroes[DQ_IMA_FILE_MAX + 1];
    const DqBytes data = dq_unwire(entry->data);
    const gsize name = DQ_IMA_SHA1_SIZE + sizeof(uint32_t);

    if (entry->oldest) {
        /* the file's name with zeroes up to 256 bytes */
        const DqBytes parts[] = { { data.data, DQ_IMA_SHA1_SIZE },
                                  { data.data + name, data.len - name },
                                  { zeroes, sizeof(zeroes) - (data.len - name) } };

        return dq_digest(alg, parts, G_N_ELEMENTS(parts), ret_digest);
    }
    return dq_digest(alg, &data, 1, ret_digest);
}
