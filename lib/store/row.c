/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/row.h"

#include <string.h>

static Row begin(sqlite3_stmt *statement, const char *table, gboolean reading)
{
    Row r = { .statement = statement,
              .column = reading ? 0 : 1, /* SQLite counts results from 0, parameters from 1 */
              .reading = reading,
              .good = TRUE,
              .sum = g_checksum_new(G_CHECKSUM_SHA256) };

    g_checksum_update(r.sum, (const guchar *)table, (gssize)strlen(table) + 1);
    return r;
}

Row row_write(sqlite3_stmt *statement, const char *table)
{
    return begin(statement, table, FALSE);
}

Row row_read(sqlite3_stmt *statement, const char *table)
{
    return begin(statement, table, TRUE);
}

/* Each column counts with its size, so that no two rows have the same bytes. */
static void add(Row *r, const void *data, gsize len)
{
    const uint64_t size = GUINT64_TO_BE(len);

    g_checksum_update(r->sum, (const guchar *)&size, sizeof(size));
    if (len > 0) {
        g_checksum_update(r->sum, data, (gssize)len);
    }
}

static gboolean has_type(const Row *r, int type)
{
    return sqlite3_column_type(r->statement, r->column) == type;
}

void row_i64(Row *r, int64_t *value)
{
    int64_t big_endian;

    if (r->reading) {
        r->good = r->good && has_type(r, SQLITE_INTEGER);
        *value = sqlite3_column_int64(r->statement, r->column);
    } else if (sqlite3_bind_int64(r->statement, r->column, *value) != SQLITE_OK) {
        r->good = FALSE;
    }
    big_endian = GINT64_TO_BE(*value);
    add(r, &big_endian, sizeof(big_endian));
    r->column++;
}

void row_u32(Row *r, uint32_t *value)
{
    int64_t wide = *value;

    row_i64(r, &wide);
    r->good = r->good && wide >= 0 && wide <= G_MAXUINT32;
    *value = (uint32_t)wide;
}

/* The same 64 bits: SQLite has no unsigned integers, and nothing is ordered by one of these. */
void row_u64(Row *r, uint64_t *value)
{
    int64_t same = (int64_t)*value;

    row_i64(r, &same);
    *value = (uint64_t)same;
}

void row_bool(Row *r, gboolean *value)
{
    int64_t wide = *value ? 1 : 0;

    row_i64(r, &wide);
    r->good = r->good && (wide == 0 || wide == 1);
    *value = wide == 1;
}

void row_blob(Row *r, uint8_t *data, gsize cap, gsize *len)
{
    if (r->reading) {
        const void *bytes = sqlite3_column_blob(r->statement, r->column);
        gsize size = (gsize)sqlite3_column_bytes(r->statement, r->column);

        r->good = r->good && has_type(r, SQLITE_BLOB) && size <= cap;
        *len = r->good ? size : 0;
        if (*len > 0) {
            memcpy(data, bytes, *len);
        }
    } else if (sqlite3_bind_blob(r->statement, r->column, *len > 0 ? (const void *)data : "",
                                 (int)*len, SQLITE_TRANSIENT) != SQLITE_OK) {
        r->good = FALSE;
    }
    add(r, data, *len);
    r->column++;
}

void row_bytes(Row *r, uint8_t *data, gsize len)
{
    gsize n = len;

    row_blob(r, data, len, &n);
    r->good = r->good && n == len;
}

void row_text(Row *r, char *text, gsize cap)
{
    if (r->reading) {
        const void *bytes = sqlite3_column_text(r->statement, r->column);
        gsize size = (gsize)sqlite3_column_bytes(r->statement, r->column);

        r->good = r->good && has_type(r, SQLITE_TEXT) && size < cap;
        memcpy(text, r->good ? bytes : "", r->good ? size : 0);
        text[r->good ? size : 0] = '\0';
    } else if (sqlite3_bind_text(r->statement, r->column, text, -1, SQLITE_TRANSIENT) !=
               SQLITE_OK) {
        r->good = FALSE;
    }
    add(r, text, strlen(text));
    r->column++;
}

/* The first eight bytes of the digest. */
static int64_t take_sum(Row *r)
{
    uint8_t digest[32];
    gsize len = sizeof(digest);
    uint64_t first;

    g_checksum_get_digest(r->sum, digest, &len);
    memcpy(&first, digest, sizeof(first));
    g_clear_pointer(&r->sum, g_checksum_free);
    return (int64_t)GUINT64_FROM_BE(first);
}

gboolean row_end(Row *r, int64_t *ret_revision)
{
    int64_t sum = take_sum(r);

    if (r->reading) {
        r->good = r->good && has_type(r, SQLITE_INTEGER) &&
                  sqlite3_column_int64(r->statement, r->column) == sum;
    } else if (sqlite3_bind_int64(r->statement, r->column, sum) != SQLITE_OK) {
        r->good = FALSE;
    }
    if (r->good && ret_revision) {
        *ret_revision = sum;
    }
    return r->good;
}
