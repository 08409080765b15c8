/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An open store, for the parts of its interface. */
#ifndef STORE_STORE_FILE_LOCK_H
#define STORE_STORE_FILE_LOCK_H

#include "store/record.h"
#include "store/store-file.h"

struct DqStoreFile {
    gint refs;
    GMutex lock;
    Database *db;
};

/**
 * store_file_begin, store_file_end: between them the thread has the database to itself, and the
 * file for writing. store_file_end() returns whether what was @good is safe on disk.
 */
gboolean store_file_begin(DqStoreFile *file, GError **error);
gboolean store_file_end(DqStoreFile *file, gboolean good, GError **error);

/** store_file_list: record_list() of a statement without parameters, with the lock held. */
gboolean store_file_list(DqStoreFile *file, DatabaseStatement which, const RecordType *type,
                         RecordFunc func, gpointer listener, GError **error);

#endif
