/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/chain.h"

#include "attest/bytes.h"
#include "attest/digest.h"

#include <string.h>

G_STATIC_ASSERT(DQ_ENTRY_HASH_SIZE == DQ_HASH_SIZE);

static gboolean same(const uint8_t a[DQ_HASH_SIZE], const uint8_t b[DQ_HASH_SIZE])
{
    return memcmp(a, b, DQ_HASH_SIZE) == 0;
}

static gboolean is_as_written(const DqStoredEntry *stored, DqEntry *ret_entry)
{
    const DqBytes text = dq_bytes_peek(stored->text);
    uint8_t hash[DQ_HASH_SIZE];

    dq_sha256(&text, 1, hash);
    return same(hash, stored->hash) && dq_entry_read(text.data, text.len, ret_entry);
}

/* Of an entry that is as it was written. */
static DqEntryFault find_fault(const DqChain *chain, const DqStoredEntry *stored, const DqEntry *e)
{
    static const uint8_t nothing[DQ_HASH_SIZE] = { 0 };

    if (e->number != stored->number) {
        return DQ_ENTRY_MOVED;
    }
    if (chain->first == 0) {
        return e->number == 1 && !same(e->previous, nothing) ? DQ_ENTRY_UNLINKED : DQ_ENTRY_GOOD;
    }
    if (stored->number != chain->last + 1) {
        return DQ_ENTRY_GAP;
    }
    return chain->linked && !same(e->previous, chain->head) ? DQ_ENTRY_UNLINKED : DQ_ENTRY_GOOD;
}

/* Whether the entry says that what is before the chain's first was removed. */
static gboolean tells_of_pruning(const DqChain *chain, const DqEntry *e)
{
    g_autofree char *hash = dq_hex_encode(chain->before, DQ_HASH_SIZE);
    g_autofree char *wanted = g_strdup_printf("%" G_GINT64_FORMAT " %s\n", chain->first - 1, hash);

    return e->kind == DQ_ENTRY_PRUNED &&
           dq_bytes_equal((DqBytes){ e->body, e->body_len },
                          (DqBytes){ (const uint8_t *)wanted, strlen(wanted) });
}

DqEntryFault dq_chain_add(DqChain *chain, const DqStoredEntry *stored, DqEntry *ret_entry)
{
    DqEntry e = { 0 };
    const gboolean whole = is_as_written(stored, &e);
    const DqEntryFault fault = whole ? find_fault(chain, stored, &e) : DQ_ENTRY_ALTERED;

    if (chain->first == 0) {
        chain->first = stored->number;
        memcpy(chain->before, e.previous, DQ_HASH_SIZE);
    }
    chain->last = stored->number;
    memcpy(chain->head, stored->hash, DQ_HASH_SIZE);
    chain->linked = fault != DQ_ENTRY_MOVED;
    chain->pruned = chain->pruned || (fault == DQ_ENTRY_GOOD && tells_of_pruning(chain, &e));
    if (whole) {
        *ret_entry = e;
    }
    return fault;
}

gboolean dq_chain_begins_well(const DqChain *chain)
{
    return chain->first <= 1 || chain->pruned;
}
