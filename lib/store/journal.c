/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/journal.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "store/content.h"

#include <string.h>

/* After sqlite3_step(): number, hash and, where @with_text, text. */
static gboolean read_row(sqlite3_stmt *s, gboolean with_text, DqStoredEntry *ret)
{
    if (sqlite3_column_bytes(s, 1) != DQ_HASH_SIZE) {
        return FALSE;
    }
    ret->number = sqlite3_column_int64(s, 0);
    memcpy(ret->hash, sqlite3_column_blob(s, 1), DQ_HASH_SIZE);
    ret->text = with_text
                    ? g_bytes_new(sqlite3_column_blob(s, 2), (gsize)sqlite3_column_bytes(s, 2))
                    : NULL;
    return TRUE;
}

/* Runs a statement that is ready and finds one row or none. */
static gboolean find_row(Database *db, sqlite3_stmt *s, gboolean with_text, gboolean *ret_found,
                         DqStoredEntry *ret, GError **error)
{
    const int code = sqlite3_step(s);
    gboolean good = code == SQLITE_DONE;

    if (code == SQLITE_ROW) {
        good = read_row(s, with_text, ret) || database_damaged(db, error);
    } else if (!good) {
        database_fail(db, error);
    }
    database_done(s);
    *ret_found = code == SQLITE_ROW;
    return good;
}

gboolean journal_next(Database *db, int64_t after, gboolean *ret_found, DqStoredEntry *ret_entry,
                      GError **error)
{
    sqlite3_stmt *s = database_statement(db, DATABASE_ENTRY_NEXT, error);

    if (s && sqlite3_bind_int64(s, 1, after) != SQLITE_OK) {
        return database_fail(db, error);
    }
    return s && find_row(db, s, TRUE, ret_found, ret_entry, error);
}

/* The last entry; number 0 and a hash of zeroes where there is none. */
static gboolean find_last(Database *db, DqStoredEntry *ret, GError **error)
{
    sqlite3_stmt *s = database_statement(db, DATABASE_ENTRY_LAST, error);
    gboolean found;

    *ret = (DqStoredEntry){ 0 };
    return s && find_row(db, s, FALSE, &found, ret, error);
}

static gboolean put_entry(Database *db, const DqStoredEntry *entry, GError **error)
{
    const DqBytes text = dq_bytes_peek(entry->text);
    sqlite3_stmt *s = database_statement(db, DATABASE_ENTRY_PUT, error);

    if (!s) {
        return FALSE;
    }
    if (sqlite3_bind_int64(s, 1, entry->number) != SQLITE_OK ||
        sqlite3_bind_blob(s, 2, entry->hash, DQ_HASH_SIZE, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_blob64(s, 3, text.data, text.len, SQLITE_STATIC) != SQLITE_OK) {
        database_done(s);
        return database_fail(db, error);
    }
    return database_run(db, DATABASE_ENTRY_PUT, error);
}

static gboolean put_content(Database *db, int64_t number, GBytes *content, GError **error)
{
    sqlite3_stmt *s = database_statement(db, DATABASE_ENTRY_CONTENT_PUT, error);
    uint8_t digest[DQ_HASH_SIZE];

    if (!s || !content_put(db, content, digest, error)) {
        return FALSE;
    }
    if (sqlite3_bind_int64(s, 1, number) != SQLITE_OK ||
        sqlite3_bind_blob(s, 2, digest, sizeof(digest), SQLITE_TRANSIENT) != SQLITE_OK) {
        database_done(s);
        return database_fail(db, error);
    }
    return database_run(db, DATABASE_ENTRY_CONTENT_PUT, error);
}

gboolean journal_append(Database *db, int64_t at, DqEntryKind kind, DqBytes body,
                        GBytes *const *contents, gsize count, DqStoredEntry *ret_entry,
                        GError **error)
{
    DqStoredEntry last;
    g_autoptr(GBytes) text = NULL;
    DqEntry entry = { .at = at, .kind = kind, .body = body.data, .body_len = body.len };
    DqBytes bytes;

    if (!find_last(db, &last, error)) {
        return FALSE;
    }
    entry.number = last.number + 1;
    memcpy(entry.previous, last.hash, DQ_HASH_SIZE);
    text = dq_entry_write(&entry);
    bytes = dq_bytes_peek(text);
    *ret_entry = (DqStoredEntry){ .number = entry.number, .text = text };
    dq_sha256(&bytes, 1, ret_entry->hash);
    if (!put_entry(db, ret_entry, error)) {
        return FALSE;
    }
    ret_entry->text = NULL;
    for (gsize i = 0; i < count; i++) {
        if (!put_content(db, entry.number, contents[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---------------------------------------------------------------------------------------- Pruning
 */

static gboolean read_entry(GBytes *text, DqEntry *ret_entry)
{
    const DqBytes bytes = dq_bytes_peek(text);

    return dq_entry_read(bytes.data, bytes.len, ret_entry);
}

/* The last entry before the first one that is of @before or later; number 0 for none. */
static gboolean find_last_before(Database *db, int64_t before, DqStoredEntry *ret,
                                 int64_t *ret_count, GError **error)
{
    gboolean found = TRUE;

    *ret = (DqStoredEntry){ 0 };
    *ret_count = 0;
    for (;;) {
        DqStoredEntry next = { 0 };
        g_autoptr(GBytes) text = NULL;
        DqEntry entry;

        if (!journal_next(db, ret->number, &found, &next, error)) {
            return FALSE;
        }
        text = g_steal_pointer(&next.text);
        if (!found || !read_entry(text, &entry) || entry.at >= before) {
            return TRUE;
        }
        *ret = next;
        (*ret_count)++;
    }
}

static gboolean remove_up_to(Database *db, DatabaseStatement which, int64_t number, GError **error)
{
    sqlite3_stmt *s = database_statement(db, which, error);

    if (s && sqlite3_bind_int64(s, 1, number) != SQLITE_OK) {
        return database_fail(db, error);
    }
    return s && database_run(db, which, error);
}

gboolean journal_prune(Database *db, int64_t before, int64_t now, int64_t *ret_count,
                       GError **error)
{
    DqStoredEntry last, added;
    g_autofree char *hash = NULL, *body = NULL;

    if (!find_last_before(db, before, &last, ret_count, error)) {
        return FALSE;
    }
    if (*ret_count == 0) {
        return TRUE;
    }
    hash = dq_hex_encode(last.hash, sizeof(last.hash));
    body = g_strdup_printf("%" G_GINT64_FORMAT " %s\n", last.number, hash);
    return journal_append(db, now, DQ_ENTRY_PRUNED,
                          (DqBytes){ (const uint8_t *)body, strlen(body) }, NULL, 0, &added,
                          error) &&
           remove_up_to(db, DATABASE_ENTRY_PRUNE, last.number, error) &&
           remove_up_to(db, DATABASE_ENTRY_CONTENT_PRUNE, last.number, error) &&
           content_prune(db, error);
}
