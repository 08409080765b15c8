/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/challenge.h"

#include "store/record.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define ID_SIZE 8 /* the part of a challenge that is its row's number */
#define REST_SIZE (DQ_CHALLENGE_SIZE - ID_SIZE)

typedef struct Challenge {
    int64_t id;
    uint8_t rest[REST_SIZE];
    int64_t expires;
    int64_t used; /* 0: not yet */
    uint8_t vm[DQ_UUID_SIZE];
    gsize vm_len; /* 0: for any VM */
} Challenge;

static void set_bytes(Challenge *c, const uint8_t bytes[DQ_CHALLENGE_SIZE])
{
    uint64_t id;

    memcpy(&id, bytes, ID_SIZE);
    c->id = (int64_t)GUINT64_FROM_BE(id);
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
static gboolean prune(Database *db, int64_t now, GError **error)
{
    sqlite3_stmt *s = database_statement(db, DATABASE_CHALLENGE_PRUNE, error);

    if (!s) {
        return FALSE;
    }
    sqlite3_bind_int64(s, 1, now - CHALLENGE_KEPT_S);
    sqlite3_bind_int64(s, 2, CHALLENGE_PRUNED_AT_ONCE);
    return database_run(db, DATABASE_CHALLENGE_PRUNE, error);
}

static gboolean draw(uint8_t ret_bytes[DQ_CHALLENGE_SIZE], GError **error)
{
    uint8_t bytes[DQ_CHALLENGE_SIZE];

    if (getentropy(bytes, sizeof(bytes)) != 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_STORE,
                    "the system gives no random bytes: %s; check that getrandom() is allowed",
                    g_strerror(errno));
        return FALSE;
    }
    memcpy(ret_bytes, bytes, sizeof(bytes));
    return TRUE;
}

gboolean challenge_put(Database *db, const uint8_t challenge[DQ_CHALLENGE_SIZE], int64_t expires,
                       const uint8_t *uuid, gboolean *ret_put, GError **error)
{
    Challenge c = { .expires = expires, .vm_len = uuid ? DQ_UUID_SIZE : 0 };

    set_bytes(&c, challenge);
    if (uuid) {
        memcpy(c.vm, uuid, DQ_UUID_SIZE);
    }
    if (!record_put(db, DATABASE_CHALLENGE_PUT, &challenge_type, &c, error)) {
        return FALSE;
    }
    *ret_put = database_changes(db) > 0;
    return TRUE;
}

gboolean challenge_issue(Database *db, int64_t now, int64_t expires, const uint8_t *uuid,
                         uint8_t ret_challenge[DQ_CHALLENGE_SIZE], GError **error)
{
    uint8_t bytes[DQ_CHALLENGE_SIZE];
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

    if (!s) {
        return FALSE;
    }
    sqlite3_bind_int64(s, 1, wanted->id);
    if (!record_find_bound(db, s, &challenge_type, &found, ret, error)) {
        return FALSE;
    }
    *ret_found = found && memcmp(ret->rest, wanted->rest, REST_SIZE) == 0;
    return TRUE;
}

static DqChallengeUse judge(const Challenge *c, int64_t now)
{
    return c->used != 0       ? DQ_CHALLENGE_USED
           : c->expires < now ? DQ_CHALLENGE_EXPIRED
                              : DQ_CHALLENGE_FRESH;
}

gboolean challenge_use(Database *db, DqBytes challenge, int64_t now, DqChallengeUse *ret_use,
                       gboolean *ret_bound, uint8_t ret_uuid[DQ_UUID_SIZE], GError **error)
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
