/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/content.h"

#include "attest/bytes.h"
#include "attest/digest.h"

#include <string.h>

#define HEAD_SIZE                                                                                  \
    4096 /* what begins with the same bytes may be an earlier state of the same log                \
          */

/** A row. */
typedef struct Piece {
    gsize size;                 /* of the whole content up to the end of this piece */
    uint8_t base[DQ_HASH_SIZE]; /* of the content that it goes on from */
    gboolean has_base;
    GBytes *data;
} Piece;

static gboolean bind(sqlite3_stmt *s, int column, DqBytes bytes)
{
    return sqlite3_bind_blob64(s, column, bytes.len > 0 ? (const void *)bytes.data : "", bytes.len,
                               SQLITE_TRANSIENT) == SQLITE_OK;
}

static DqBytes digest_bytes(const uint8_t digest[DQ_HASH_SIZE])
{
    return (DqBytes){ digest, DQ_HASH_SIZE };
}

/* ---------------------------------------------------------------------------------------- Reading
 */

/* After sqlite3_step(): FALSE where the row is none that was written. */
static gboolean read_piece(sqlite3_stmt *s, Piece *ret)
{
    const sqlite3_int64 size = sqlite3_column_int64(s, 0);
    const int base = sqlite3_column_bytes(s, 1);

    if (size < 0 || (base != 0 && base != DQ_HASH_SIZE)) {
        return FALSE;
    }
    ret->size = (gsize)size;
    ret->has_base = base != 0;
    if (base != 0) {
        memcpy(ret->base, sqlite3_column_blob(s, 1), DQ_HASH_SIZE);
    }
    ret->data = g_bytes_new(sqlite3_column_blob(s, 2), (gsize)sqlite3_column_bytes(s, 2));
    return TRUE;
}

/* @ret->data stays NULL where there is no such row, or none that was written. */
static gboolean find_piece(Database *db, const uint8_t digest[DQ_HASH_SIZE], gboolean *ret_found,
                           Piece *ret, GError **error)
{
    sqlite3_stmt *s = database_statement(db, DATABASE_CONTENT_FIND, error);
    int code;

    if (!s) {
        return FALSE;
    }
    code = bind(s, 1, digest_bytes(digest)) ? sqlite3_step(s) : SQLITE_NOMEM;
    *ret_found = code == SQLITE_ROW;
    if (code == SQLITE_ROW) {
        read_piece(s, ret);
    } else if (code != SQLITE_DONE) {
        database_fail(db, error);
    }
    database_done(s);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* The pieces from the last to the first. Each is shorter than the one after it, so it ends. */
static gboolean find_pieces(Database *db, const uint8_t digest[DQ_HASH_SIZE], GPtrArray *pieces,
                            DqContentState *ret_state, GError **error)
{
    Piece piece = { .has_base = TRUE, .size = G_MAXSIZE };

    memcpy(piece.base, digest, DQ_HASH_SIZE);
    *ret_state = DQ_CONTENT_GOOD;
    while (piece.has_base && *ret_state == DQ_CONTENT_GOOD) {
        Piece next = { 0 };
        gboolean found;

        if (!find_piece(db, piece.base, &found, &next, error)) {
            return FALSE;
        }
        if (!found) {
            *ret_state = DQ_CONTENT_MISSING;
        } else if (!next.data || next.size >= piece.size) {
            *ret_state = DQ_CONTENT_ALTERED;
        }
        if (next.data) {
            g_ptr_array_add(pieces, next.data);
        }
        piece = next;
    }
    return TRUE;
}

static GBytes *join(const GPtrArray *pieces)
{
    GByteArray *whole = g_byte_array_new();

    for (guint i = pieces->len; i > 0; i--) {
        const DqBytes piece = dq_bytes_peek(pieces->pdata[i - 1]);

        g_byte_array_append(whole, piece.data, (guint)piece.len);
    }
    return g_byte_array_free_to_bytes(whole);
}

static gboolean has_digest(GBytes *content, const uint8_t digest[DQ_HASH_SIZE])
{
    const DqBytes bytes = dq_bytes_peek(content);
    uint8_t got[DQ_HASH_SIZE];

    dq_sha256(&bytes, 1, got);
    return memcmp(got, digest, DQ_HASH_SIZE) == 0;
}

gboolean content_get(Database *db, const uint8_t digest[DQ_HASH_SIZE], DqContentState *ret_state,
                     GBytes **ret_content, GError **error)
{
    g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GBytes) whole = NULL;
    DqContentState state;

    if (!find_pieces(db, digest, pieces, &state, error)) {
        return FALSE;
    }
    whole = state == DQ_CONTENT_GOOD ? join(pieces) : NULL;
    if (whole && !has_digest(whole, digest)) {
        state = DQ_CONTENT_ALTERED;
        g_clear_pointer(&whole, g_bytes_unref);
    }
    *ret_state = state;
    *ret_content = g_steal_pointer(&whole);
    return TRUE;
}

/* ---------------------------------------------------------------------------------------- Writing
 */

/** What may be an earlier state of a content. */
typedef struct Candidate {
    gsize size;
    uint8_t digest[DQ_HASH_SIZE];
} Candidate;

/* (transfer full): shorter ones that begin with the same bytes, the longest first. */
static GArray *find_candidates(Database *db, const uint8_t head[DQ_HASH_SIZE], gsize below,
                               GError **error)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Candidate));
    sqlite3_stmt *s = database_statement(db, DATABASE_CONTENT_LIKE, error);
    int code;

    if (!s) {
        return NULL;
    }
    code = bind(s, 1, digest_bytes(head)) &&
                   sqlite3_bind_int64(s, 2, (sqlite3_int64)below) == SQLITE_OK
               ? SQLITE_ROW
               : SQLITE_NOMEM;
    while (code == SQLITE_ROW && (code = sqlite3_step(s)) == SQLITE_ROW) {
        Candidate c = { .size = (gsize)sqlite3_column_int64(s, 1) };

        if (sqlite3_column_bytes(s, 0) == DQ_HASH_SIZE && c.size < below) {
            memcpy(c.digest, sqlite3_column_blob(s, 0), DQ_HASH_SIZE);
            g_array_append_val(found, c);
        }
    }
    if (code != SQLITE_DONE) {
        database_fail(db, error);
    }
    database_done(s);
    return code == SQLITE_DONE ? g_steal_pointer(&found) : NULL;
}

/* The longest of @candidates with which @content begins; NULL where there is none. */
static const Candidate *choose_base(const GArray *candidates, DqBytes content)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    const Candidate *base = NULL;
    gsize at = 0;

    for (guint i = candidates->len; i > 0; i--) {
        const Candidate *c = &g_array_index(candidates, Candidate, i - 1);
        g_autoptr(GChecksum) so_far = NULL;
        uint8_t digest[DQ_HASH_SIZE];
        gsize len = sizeof(digest);

        g_checksum_update(sum, content.data + at, (gssize)(c->size - at));
        at = c->size;
        so_far = g_checksum_copy(sum);
        g_checksum_get_digest(so_far, digest, &len);
        base = memcmp(digest, c->digest, DQ_HASH_SIZE) == 0 ? c : base;
    }
    return base;
}

static gboolean put_row(Database *db, DqBytes content, const uint8_t digest[DQ_HASH_SIZE],
                        DqBytes head, const Candidate *base, GError **error)
{
    const gsize from = base ? base->size : 0;
    const DqBytes none = { NULL, 0 };
    sqlite3_stmt *s = database_statement(db, DATABASE_CONTENT_PUT, error);

    if (!s) {
        return FALSE;
    }
    if (!bind(s, 1, digest_bytes(digest)) ||
        sqlite3_bind_int64(s, 2, (sqlite3_int64)content.len) != SQLITE_OK || !bind(s, 3, head) ||
        !bind(s, 4, base ? digest_bytes(base->digest) : none) ||
        !bind(s, 5, (DqBytes){ content.data + from, content.len - from })) {
        database_done(s);
        return database_fail(db, error);
    }
    return database_run(db, DATABASE_CONTENT_PUT, error);
}

/* What is longer than a head may go on from something else. */
static gboolean put_log(Database *db, DqBytes content, const uint8_t digest[DQ_HASH_SIZE],
                        GError **error)
{
    const DqBytes beginning = { content.data, HEAD_SIZE };
    g_autoptr(GArray) candidates = NULL;
    uint8_t head[DQ_HASH_SIZE];

    dq_sha256(&beginning, 1, head);
    candidates = find_candidates(db, head, content.len, error);
    return candidates && put_row(db, content, digest, digest_bytes(head),
                                 choose_base(candidates, content), error);
}

gboolean content_put(Database *db, GBytes *content, uint8_t ret_digest[DQ_HASH_SIZE],
                     GError **error)
{
    const DqBytes bytes = dq_bytes_peek(content);
    const DqBytes none = { NULL, 0 };
    Piece there = { 0 };
    gboolean found;

    dq_sha256(&bytes, 1, ret_digest);
    if (!find_piece(db, ret_digest, &found, &there, error)) {
        return FALSE;
    }
    g_clear_pointer(&there.data, g_bytes_unref);
    if (found) {
        return TRUE;
    }
    return bytes.len > HEAD_SIZE ? put_log(db, bytes, ret_digest, error)
                                 : put_row(db, bytes, ret_digest, none, NULL, error);
}

gboolean content_prune(Database *db, GError **error)
{
    do {
        if (!database_run(db, DATABASE_CONTENT_PRUNE, error)) {
            return FALSE;
        }
    } while (database_changes(db) >
             0); /* what went may have been the last that others went on to */
    return TRUE;
}
