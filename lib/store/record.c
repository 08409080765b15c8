/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/record.h"

#include <string.h>

gboolean record_put(Database *db, DatabaseStatement which, const RecordType *type, gpointer record,
                    GError **error)
{
    sqlite3_stmt *s = database_statement(db, which, error);
    Row r;

    if (!s) {
        return FALSE;
    }
    r = row_write(s, type->table);
    if (!type->transfer(&r, record)) {
        database_done(s);
        return database_fail(db, error);
    }
    return database_run(db, which, error);
}

/* After sqlite3_step(): the row that it found. */
static gboolean read_row(Database *db, sqlite3_stmt *s, const RecordType *type, gpointer record,
                         GError **error)
{
    Row r = row_read(s, type->table);

    return type->transfer(&r, record) || database_damaged(db, error);
}

/* @key: empty for a statement without parameters. */
static sqlite3_stmt *statement_for(Database *db, DatabaseStatement which, DqBytes key,
                                   GError **error)
{
    sqlite3_stmt *s = database_statement(db, which, error);

    if (s && key.len > 0 &&
        sqlite3_bind_blob(s, 1, key.data, (int)key.len, SQLITE_TRANSIENT) != SQLITE_OK) {
        database_fail(db, error);
        return NULL;
    }
    return s;
}

gboolean record_find_bound(Database *db, sqlite3_stmt *statement, const RecordType *type,
                           gboolean *ret_found, gpointer ret_record, GError **error)
{
    g_autofree gpointer record = g_malloc0(type->size);
    int code = sqlite3_step(statement);
    gboolean good = code == SQLITE_ROW ? read_row(db, statement, type, record, error)
                                       : code == SQLITE_DONE || database_fail(db, error);

    database_done(statement);
    if (good) {
        *ret_found = code == SQLITE_ROW;
        memcpy(ret_record, record, type->size);
    }
    return good;
}

gboolean record_find(Database *db, DatabaseStatement which, const RecordType *type, DqBytes key,
                     gboolean *ret_found, gpointer ret_record, GError **error)
{
    sqlite3_stmt *s = statement_for(db, which, key, error);

    return s && record_find_bound(db, s, type, ret_found, ret_record, error);
}

gboolean record_list(Database *db, DatabaseStatement which, const RecordType *type, DqBytes key,
                     RecordFunc func, gpointer data, GError **error)
{
    g_autofree gpointer record = g_malloc0(type->size);
    sqlite3_stmt *s = statement_for(db, which, key, error);
    gboolean good = s != NULL;
    int code = SQLITE_DONE;

    while (good && (code = sqlite3_step(s)) == SQLITE_ROW) {
        good = read_row(db, s, type, record, error) && func(record, data, error);
    }
    if (good && code != SQLITE_DONE) {
        good = database_fail(db, error);
    }
    if (s) {
        database_done(s);
    }
    return good;
}

gboolean record_remove(Database *db, DatabaseStatement which, DqBytes key, gboolean *ret_found,
                       GError **error)
{
    if (!statement_for(db, which, key, error) || !database_run(db, which, error)) {
        return FALSE;
    }
    *ret_found = database_changes(db) > 0;
    return TRUE;
}
