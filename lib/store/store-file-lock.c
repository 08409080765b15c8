/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store-file-lock.h"

gboolean store_file_begin(DqStoreFile *file, GError **error)
{
    g_mutex_lock(&file->lock);
    if (!database_begin(file->db, error)) {
        g_mutex_unlock(&file->lock);
        return FALSE;
    }
    return TRUE;
}

gboolean store_file_end(DqStoreFile *file, gboolean good, GError **error)
{
    gboolean done = database_end(file->db, good, error);

    g_mutex_unlock(&file->lock);
    return done;
}

gboolean store_file_list(DqStoreFile *file, DatabaseStatement which, const RecordType *type,
                         RecordFunc func, gpointer listener, GError **error)
{
    gboolean good;

    g_mutex_lock(&file->lock);
    good = record_list(file->db, which, type, (DqBytes){ NULL, 0 }, func, listener, error);
    g_mutex_unlock(&file->lock);
    return good;
}
