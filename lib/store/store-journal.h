/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdeepquote: the journal of a store: entries that are only ever added, each with the hash of the
 * one before it, and the contents that they speak of. What an entry says is its writer's; here it
 * is bytes.
 *
 * Errors are as in store-file.h.
 */
#ifndef DEEPQUOTE_STORE_JOURNAL_H
#define DEEPQUOTE_STORE_JOURNAL_H

#include "entry.h"

G_BEGIN_DECLS

#pragma GCC visibility push(default)

/* In store-file.h */
typedef struct DqStoreFile DqStoreFile;

/**
 * dq_store_file_append: adds an entry.
 * @contents: (nullable): @count of what it speaks of, by digest (SHA-256): what is there already is
 *     not kept again, and of what begins with something that is there only the rest is
 * @ret_entry: (nullable): the number and the hash of the entry; its text is not set
 */
gboolean dq_store_file_append(DqStoreFile *file, int64_t at, GBytes *body, GBytes *const *contents,
                              gsize count, DqStoredEntry *ret_entry, GError **error);

/**
 * dq_store_file_next_entry: the first entry with a number above @after.
 * @ret_entry: set where @ret_found is TRUE; its text is (transfer full)
 */
gboolean dq_store_file_next_entry(DqStoreFile *file, int64_t after, gboolean *ret_found,
                                  DqStoredEntry *ret_entry, GError **error);

/** DqContentState: what became of a content. */
typedef enum DqContentState {
    DQ_CONTENT_GOOD,
    DQ_CONTENT_MISSING,
    DQ_CONTENT_ALTERED,
} DqContentState;

/** dq_store_file_get_content: @ret_content: (transfer full): NULL unless it is good. */
gboolean dq_store_file_get_content(DqStoreFile *file, const uint8_t digest[DQ_ENTRY_HASH_SIZE],
                                   DqContentState *ret_state, GBytes **ret_content, GError **error);

/**
 * dq_store_file_prune: removes the entries before the first one of @before or later, and what they
 * alone spoke of, and adds an entry that says so, unless there are none.
 * @ret_count: how many
 */
gboolean dq_store_file_prune(DqStoreFile *file, int64_t before, int64_t now, int64_t *ret_count,
                             GError **error);

#pragma GCC visibility pop

G_END_DECLS

#endif
