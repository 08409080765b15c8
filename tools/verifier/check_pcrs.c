/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tpm2-tools writes structures as a little-endian machine has them in memory: a TPML_PCR_SELECTION,
 * how many lists follow, and so many TPML_DIGEST of up to eight values each.
 */
#include "check_pcrs.h"

#include "wire/cursor.h"
#include "wire/hash.h"

enum {
    BANKS_MAX = 16,
    BANK_SIZE = 8,
    VALUES_IN_LIST = 8,
    VALUE_ROOM = 64,
};

static gboolean get_u32(WireReader *r, uint32_t *ret)
{
    uint32_t n;

    if (!wire_get_u32(r, &n)) {
        return FALSE;
    }
    *ret = GUINT32_SWAP_LE_BE(n);
    return TRUE;
}

static gboolean get_u16(WireReader *r, uint16_t *ret)
{
    uint16_t n;

    if (!wire_get_u16(r, &n)) {
        return FALSE;
    }
    *ret = GUINT16_SWAP_LE_BE(n);
    return TRUE;
}

static gboolean is_hash_size(gsize size)
{
    static const uint16_t algs[] = { TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512 };

    for (gsize i = 0; i < G_N_ELEMENTS(algs); i++) {
        if (wire_hash_size(algs[i]) == size) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A value in the room that the longest has. */
static gboolean get_value(WireReader *r, GByteArray *out)
{
    WireBytes room;
    uint16_t size;

    if (!get_u16(r, &size) || !is_hash_size(size) || !wire_get_bytes(r, VALUE_ROOM, &room)) {
        return FALSE;
    }
    g_byte_array_append(out, room.p, size);
    return TRUE;
}

static gboolean get_list(WireReader *r, GByteArray *out)
{
    WireBytes rest;
    uint32_t count;

    if (!get_u32(r, &count) || count == 0 || count > VALUES_IN_LIST) {
        return FALSE;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!get_value(r, out)) {
            return FALSE;
        }
    }
    return wire_get_bytes(r, (VALUES_IN_LIST - count) * (sizeof(uint16_t) + VALUE_ROOM), &rest);
}

static gboolean get_lists(WireReader *r, GByteArray *out)
{
    uint32_t banks, lists;
    WireBytes selection;

    if (!get_u32(r, &banks) || banks == 0 || banks > BANKS_MAX ||
        !wire_get_bytes(r, BANKS_MAX * BANK_SIZE, &selection) || !get_u32(r, &lists) ||
        lists == 0) {
        return FALSE;
    }
    while (lists > 0 && get_list(r, out)) {
        lists--;
    }
    return lists == 0 && r->left == 0;
}

void unserialize_pcrs(GBytes **pcrs)
{
    g_autoptr(GByteArray) values = g_byte_array_new();
    gsize len = 0;
    const uint8_t *p = *pcrs ? g_bytes_get_data(*pcrs, &len) : NULL;
    WireReader r = WIRE_READER(p, len);

    if (get_lists(&r, values)) {
        g_bytes_unref(*pcrs);
        *pcrs = g_byte_array_free_to_bytes(g_steal_pointer(&values));
    }
}
