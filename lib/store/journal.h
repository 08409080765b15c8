/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal in a database; see store-journal.h. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/database.h"
#include "store/store-journal.h"

/** journal_append, journal_prune: within a transaction of the caller. */
gboolean journal_append(Database *db, int64_t at, DqEntryKind kind, DqBytes body,
                        GBytes *const *contents, gsize count, DqStoredEntry *ret_entry,
                        GError **error);
gboolean journal_prune(Database *db, int64_t before, int64_t now, int64_t *ret_count,
                       GError **error);

/** journal_next: @ret_entry: set where @ret_found is TRUE; its text is (transfer full). */
gboolean journal_next(Database *db, int64_t after, gboolean *ret_found, DqStoredEntry *ret_entry,
                      GError **error);

#endif
