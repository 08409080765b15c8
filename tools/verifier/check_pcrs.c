/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tpm2-tools writes structures as a little-endian machine has them in memory: a TPML_PCR_SELECTION,
 * how many lists follow, and so many TPML_DIGEST of up to eight values each.
 */
#include "check_pcrs.h"

#include "wire/hash.h"

#include <string.h>

enum {
    SELECTION_SIZE = 4 + 16 * 8,
    DIGESTS_IN_LIST = 8,
    DIGEST_SIZE = 2 + 64,
    LIST_SIZE = 4 + DIGESTS_IN_LIST * DIGEST_SIZE,
    BANKS_MAX = 16,
    HEAD_SIZE = SELECTION_SIZE + 4,
};

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
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

/* @list has LIST_SIZE bytes. */
static gboolean append_list(const uint8_t *list, GByteArray *out)
{
    const uint32_t count = get_u32(list);

    if (count == 0 || count > DIGESTS_IN_LIST) {
        return FALSE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *digest = list + 4 + i * DIGEST_SIZE;
        const guint size = (guint)digest[0] | (guint)digest[1] << 8;

        if (!is_hash_size(size)) {
            return FALSE;
        }
        g_byte_array_append(out, digest + 2, size);
    }
    return TRUE;
}

void unserialize_pcrs(GBytes **pcrs)
{
    g_autoptr(GByteArray) values = g_byte_array_new();
    gsize len = 0;
    const uint8_t *p = *pcrs ? g_bytes_get_data(*pcrs, &len) : NULL;

    if (len <= HEAD_SIZE || get_u32(p) == 0 || get_u32(p) > BANKS_MAX ||
        (len - HEAD_SIZE) % LIST_SIZE != 0 ||
        get_u32(p + SELECTION_SIZE) != (len - HEAD_SIZE) / LIST_SIZE) {
        return;
    }
    for (gsize at = HEAD_SIZE; at < len; at += LIST_SIZE) {
        if (!append_list(p + at, values)) {
            return;
        }
    }
    g_bytes_unref(*pcrs);
    *pcrs = g_byte_array_free_to_bytes(g_steal_pointer(&values));
}
