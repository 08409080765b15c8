/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdeepquote: an entry of a journal (store-journal.h).
 *
 * It is text: a line "deepquote-entry 1 NUMBER TIME PREVIOUS KIND" and what it says. Its hash is
 * SHA-256 of all of it; PREVIOUS is the hash of the entry before it, zeroes for the first.
 */
#ifndef DEEPQUOTE_ENTRY_H
#define DEEPQUOTE_ENTRY_H

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

#pragma GCC visibility push(default)

#define DQ_ENTRY_HASH_SIZE 32 /* SHA-256 */

/**
 * DqEntryKind:
 * @DQ_ENTRY_VERDICT: a verdict, as its writer puts it
 * @DQ_ENTRY_PRUNED: earlier entries were removed: "NUMBER HASH\n" of the last of them
 */
typedef enum DqEntryKind {
    DQ_ENTRY_VERDICT = 1,
    DQ_ENTRY_PRUNED = 2,
} DqEntryKind;

/** DqEntry: what the text of an entry says; @body is borrowed. @at: seconds since 1970. */
typedef struct DqEntry {
    int64_t number; /* from 1 */
    int64_t at;
    uint8_t previous[DQ_ENTRY_HASH_SIZE];
    DqEntryKind kind;
    const uint8_t *body;
    gsize body_len;
} DqEntry;

/** dq_entry_write: (transfer full): the text. */
GBytes *dq_entry_write(const DqEntry *entry);

/** dq_entry_read: FALSE for what dq_entry_write() does not write. */
gboolean dq_entry_read(const uint8_t *text, gsize size, DqEntry *ret_entry);

/** DqStoredEntry: as the file has it. What it should be, DqChain tells. */
typedef struct DqStoredEntry {
    int64_t number;
    uint8_t hash[DQ_ENTRY_HASH_SIZE];
    GBytes *text;
} DqStoredEntry;

#pragma GCC visibility pop

G_END_DECLS

#endif
