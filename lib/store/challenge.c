/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/challenge.h"

#include "store/record.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define ID_SIZE 8 /* the part of a challenge that is its row's number */
#define REST_SIZE (DQ_CHALLENGE_SIZE - ID_SIZE)

typedef struct Challenge {
    gint64 id;
    guint8 rest[REST_SIZE];
    gint64 expires;
    gint64 used; /* 0: not yet */
    guint8 vm[DQ_UUID_SIZE];
    gsize vm_len; /* 0: for any VM */
} Challenge;

static void set_bytes(Challenge *c, const guint8 bytes[DQ_CHALLENGE_SIZE])
{
    guint64 id;

    memcpy(&id, bytes, ID_SIZE);
    c->id = (gint64)GUINT64_FROM_BE(id);
    memcpy(c->rest, bytes + ID_SIZE, REST_SIZE);
}

static gboolean transfer(Row *r, gpointer record)
{
    Challenge *c = record;

    row_i64(r, &c->id);
    row_bytes(r, c->rest, REST_SIZE);
    row_i64(r, &c->expires);
    row_i64(r, &c->used);
    row_blob(r, c->vm, sizeof(c->vm), &c->vm_len);
    return row_end(r, NULL) && (c->vm_len == 0 || c->vm_len == DQ_UUID_SIZE);
}

static const RecordType challenge_type = { "challenge", sizeof(Challenge), transfer };

/* Bounded, so that no call pays for all those that others left. */
static gboolean prune(Database *db, gint64 now, GError **error)
{
    sqlite3_stmt *s = database_statement(db, DATABASE_CHALLENGE_PRUNE, error);

    if (s == NULL) {
        return FALSE;
    }
    sqlite3_bind_int64(s, 1, now - CHALLENGE_KEPT_S);
    sqlite3_bind_int64(s, 2, CHALLENGE_PRUNED_AT_ONCE);
    return database_run(db, DATABASE_CHALLENGE_PRUNE, error);
}

static gboolean draw(guint8 ret_bytes[DQ_CHALLENGE_SIZE], GError **error)
{
    guint8 bytes[DQ_CHALLENGE_SIZE];

    if (getentropy(bytes, sizeof(bytes)) != 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_STORE,
                    "the system gives no random bytes: %s; check that getrandom() is allowed",
                    g_strerror(errno));
        return FALSE;
    }
    memcpy(ret_bytes, bytes, sizeof(bytes));
    return TRUE;
}

gboolean challenge_put(Database *db, const guint8 challenge[DQ_CHALLENGE_SIZE], gint64 expires,
                       const guint8 *uuid, gboolean *ret_put, GError **error)
{
    Challenge c = { .expires = expires, .vm_len = uuid == NULL ? 0 : DQ_UUID_SIZE };

    set_bytes(&c, challenge);
    if (uuid != NULL) {
        memcpy(c.vm, uuid, DQ_UUID_SIZE);
    }
    if (!record_put(db, DATABASE_CHALLENGE_PUT, &challenge_type, &c, error)) {
        return FALSE;
    }
    *ret_put = database_changes(db) > 0;
    return TRUE;
}

gboolean challenge_issue(Database *db, gint64 now, gint64 expires, const guint8 *uuid,
                         guint8 ret_challenge[DQ_CHALLENGE_SIZE], GError **error)
{
    guint8 bytes[DQ_CHALLENGE_SIZE];
    gboolean put = FALSE;

    if (!prune(db, now, error)) {
        return FALSE;
    }
    while (!put) { /* again where another has the same first bytes: once in 2^64 */
        if (!draw(bytes, error) || !challenge_put(db, bytes, expires, uuid, &put, error)) {
            return FALSE;
        }
    }
    memcpy(ret_challenge, bytes, sizeof(bytes));
    return TRUE;
}

/* @ret_found is FALSE for a challenge that is not there. */
static gboolean find(Database *db, const Challenge *wanted, gboolean *ret_found, Challenge *ret,
                     GError **error)
{
    sqlite3_stmt *s = database_statement(db, DATABASE_CHALLENGE_FIND, error);
    gboolean found;

    if (s == NULL) {
        return FALSE;
    }
    sqlite3_bind_int64(s, 1, wanted->id);
    if (!record_find_bound(db, s, &challenge_type, &found, ret, error)) {
        return FALSE;
    }
    *ret_found = found && memcmp(ret->rest, wanted->rest, REST_SIZE) == 0;
    return TRUE;
}

static DqChallengeUse judge(const Challenge *c, gint64 now)
{
    return c->used != 0       ? DQ_CHALLENGE_USED
           : c->expires < now ? DQ_CHALLENGE_EXPIRED
                              : DQ_CHALLENGE_FRESH;
}

gboolean challenge_use(Database *db, DqBytes challenge, gint64 now, DqChallengeUse *ret_use,
                       gboolean *ret_bound, guint8 ret_uuid[DQ_UUID_SIZE], GError **error)
{
    Challenge wanted, c;
    gboolean found;

    if (challenge.len != DQ_CHALLENGE_SIZE) {
        *ret_use = DQ_CHALLENGE_UNKNOWN;
        *ret_bound = FALSE;
        return TRUE;
    }
    set_bytes(&wanted, challenge.data);
    if (!prune(db, now, error) || !find(db, &wanted, &found, &c, error)) {
        return FALSE;
    }
    *ret_bound = found && c.vm_len > 0;
    if (*ret_bound) {
        memcpy(ret_uuid, c.vm, DQ_UUID_SIZE);
    }
    *ret_use = found ? judge(&c, now) : DQ_CHALLENGE_UNKNOWN;
    if (*ret_use == DQ_CHALLENGE_FRESH) {
        c.used = MAX(now, 1);
        return record_put(db, DATABASE_CHALLENGE_USE, &challenge_type, &c, error);
    }
    return TRUE;
}
