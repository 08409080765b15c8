/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store-journal.h"

#include "attest/bytes.h"
#include "store/content.h"
#include "store/journal.h"
#include "store/store-file-lock.h"

gboolean dq_store_file_append(DqStoreFile *file, int64_t at, GBytes *body, GBytes *const *contents,
                              gsize count, DqStoredEntry *ret_entry, GError **error)
{
    DqStoredEntry added;

    if (!store_file_begin(file, error) ||
        !store_file_end(file,
                        journal_append(file->db, at, DQ_ENTRY_VERDICT, dq_bytes_peek(body),
                                       contents, count, &added, error),
                        error)) {
        return FALSE;
    }
    if (ret_entry) {
        *ret_entry = added;
    }
    return TRUE;
}

gboolean dq_store_file_next_entry(DqStoreFile *file, int64_t after, gboolean *ret_found,
                                  DqStoredEntry *ret_entry, GError **error)
{
    gboolean good;

    g_mutex_lock(&file->lock);
    good = journal_next(file->db, after, ret_found, ret_entry, error);
    g_mutex_unlock(&file->lock);
    return good;
}

gboolean dq_store_file_get_content(DqStoreFile *file, const uint8_t digest[DQ_HASH_SIZE],
                                   DqContentState *ret_state, GBytes **ret_content, GError **error)
{
    gboolean good;

    g_mutex_lock(&file->lock);
    good = content_get(file->db, digest, ret_state, ret_content, error);
    g_mutex_unlock(&file->lock);
    return good;
}

gboolean dq_store_file_prune(DqStoreFile *file, int64_t before, int64_t now, int64_t *ret_count,
                             GError **error)
{
    int64_t count;

    if (!store_file_begin(file, error) ||
        !store_file_end(file, journal_prune(file->db, before, now, &count, error), error)) {
        return FALSE;
    }
    *ret_count = count;
    return TRUE;
}
