/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libdeepquote: whether the entries of a journal are those that were written, in their order. */
#ifndef DEEPQUOTE_CHAIN_H
#define DEEPQUOTE_CHAIN_H

#include "entry.h"

G_BEGIN_DECLS

#pragma GCC visibility push(default)

/**
 * DqEntryFault: what is wrong with an entry.
 * @DQ_ENTRY_ALTERED: its text is not what it was
 * @DQ_ENTRY_MOVED: it is another number's
 * @DQ_ENTRY_GAP: entries are missing before it
 * @DQ_ENTRY_UNLINKED: it follows another entry than the one that is before it
 */
typedef enum DqEntryFault {
    DQ_ENTRY_GOOD,
    DQ_ENTRY_ALTERED,
    DQ_ENTRY_MOVED,
    DQ_ENTRY_GAP,
    DQ_ENTRY_UNLINKED,
} DqEntryFault;

/** DqChain: entries one after the other. Zeroes to begin with; for reading. */
typedef struct DqChain {
    int64_t first, last;                /* numbers; 0: there was none */
    uint8_t before[DQ_ENTRY_HASH_SIZE]; /* what the first one follows */
    uint8_t head[DQ_ENTRY_HASH_SIZE];   /* hash of the last one */
    gboolean linked;                    /* @head can be relied on */
    gboolean pruned;                    /* an entry says that those before the first were removed */
} DqChain;

/** dq_chain_add: the next entry; @ret_entry is set, and borrowed, unless it was altered. */
DqEntryFault dq_chain_add(DqChain *chain, const DqStoredEntry *stored, DqEntry *ret_entry);

/** dq_chain_begins_well: whether the chain has its first entry, or says why not. */
gboolean dq_chain_begins_well(const DqChain *chain);

#pragma GCC visibility pop

G_END_DECLS

#endif
