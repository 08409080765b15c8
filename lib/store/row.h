/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns of one row in their order, written or read. The last column is a sum over all others, so
 * that a row which the disk has changed is not believed; as it differs after any change of the
 * row, it is the record's revision too.
 *
 * A row is begun with row_write() or row_read(), goes through its columns, and ends with
 * row_end(). Errors on the way are found there.
 */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include <glib.h>
#include <sqlite3.h>
#include <stdint.h>

typedef struct Row {
    sqlite3_stmt *statement;
    int column;
    gboolean reading;
    gboolean good;
    GChecksum *sum;
} Row;

/** row_write, row_read: @table goes into the sum: no row passes for one of another table. */
Row row_write(sqlite3_stmt *statement, const char *table);
Row row_read(sqlite3_stmt *statement, const char *table);

/** row_i64, row_u32, row_u64, row_bool: the next column, from or to *@value. */
void row_i64(Row *r, int64_t *value);
void row_u32(Row *r, uint32_t *value);
void row_u64(Row *r, uint64_t *value);
void row_bool(Row *r, gboolean *value);

/** row_blob: @cap is the room at @data; *@len the length written, or set to what was read. */
void row_blob(Row *r, uint8_t *data, gsize cap, gsize *len);

/** row_bytes: a blob of exactly @len bytes. */
void row_bytes(Row *r, uint8_t *data, gsize len);

/** row_text: @cap is the room at @text, with the NUL at its end. */
void row_text(Row *r, char *text, gsize cap);

/**
 * row_end: the sum.
 * @ret_revision: (nullable): the sum
 *
 * Returns: FALSE where a column could not be bound, or what was read is not what was written.
 */
gboolean row_end(Row *r, int64_t *ret_revision);

#endif
