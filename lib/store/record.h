/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the database as structures: put, found, listed. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "store/database.h"
#include "store/row.h"

/**
 * RecordType: a table.
 * @size: of the structure
 * @transfer: takes each column through row_...() in the order of the statements, and ends the row
 */
typedef struct RecordType {
    const char *table;
    gsize size;
    gboolean (*transfer)(Row *row, gpointer record);
} RecordType;

/** record_put: runs @which, a statement with a parameter for each column. */
gboolean record_put(Database *db, DatabaseStatement which, const RecordType *type, gpointer record,
                    GError **error);

/**
 * record_find: runs @which, whose only parameter is a blob.
 * @ret_record: set where @ret_found is TRUE
 */
gboolean record_find(Database *db, DatabaseStatement which, const RecordType *type, DqBytes key,
                     gboolean *ret_found, gpointer ret_record, GError **error);

/** record_find_bound: as record_find(); the caller has set the parameters of @statement. */
gboolean record_find_bound(Database *db, sqlite3_stmt *statement, const RecordType *type,
                           gboolean *ret_found, gpointer ret_record, GError **error);

/** RecordFunc: FALSE, with the error set, ends the list. It must not use the same statement. */
typedef gboolean (*RecordFunc)(gpointer record, gpointer data, GError **error);

/**
 * record_list: hands each record that @which finds to @func.
 * @key: its only parameter; empty where it has none
 */
gboolean record_list(Database *db, DatabaseStatement which, const RecordType *type, DqBytes key,
                     RecordFunc func, gpointer data, GError **error);

/** record_remove: runs @which. @ret_found: whether there was one. */
gboolean record_remove(Database *db, DatabaseStatement which, DqBytes key, gboolean *ret_found,
                       GError **error);

#endif
