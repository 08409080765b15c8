/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/profile.h"

#include "attest/bytes.h"
#include "store/label.h"

#include <string.h>

static gboolean transfer(Row *r, gpointer record)
{
    DqStoreProfile *p = record;

    row_text(r, p->name, sizeof(p->name));
    row_i64(r, &p->issued);
    row_bytes(r, p->key, sizeof(p->key));
    row_bytes(r, p->digest, sizeof(p->digest));
    row_i64(r, &p->added);
    return row_end(r, NULL);
}

const RecordType profile_type = { "profile", sizeof(DqStoreProfile), transfer };

enum { CONTENT_COLUMN = 7 }; /* of what is put: after the sum, as the digest covers it */

static DqBytes key_of(const char *name)
{
    return (DqBytes){ (const uint8_t *)name, strlen(name) };
}

static gboolean fail_name(const char *name, const char *what, GError **error)
{
    g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "the profile '%s' %s", name, what);
    return FALSE;
}

static void digest_of(GBytes *content, uint8_t ret[DQ_HASH_SIZE])
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize len = DQ_HASH_SIZE, size;
    const guchar *data = g_bytes_get_data(content, &size);

    g_checksum_update(sum, data, (gssize)size);
    g_checksum_get_digest(sum, ret, &len);
    g_checksum_free(sum);
}

static gboolean find(Database *db, const char *name, gboolean *ret_found,
                     DqStoreProfile *ret_profile, GError **error)
{
    return record_find(db, DATABASE_PROFILE_FIND, &profile_type, key_of(name), ret_found,
                       ret_profile, error);
}

gboolean profile_is_removed(const DqStoreProfile *p)
{
    return p->added == 0;
}

gboolean profile_get(Database *db, const char *name, DqStoreProfile *ret_profile, GError **error)
{
    gboolean found;

    return find(db, name, &found, ret_profile, error) &&
           ((found && !profile_is_removed(ret_profile)) ||
            fail_name(name, "is not in the store: profile list shows those that are", error));
}

/* Whether @new may take the place of @old. */
static gboolean may_replace(const DqStoreProfile *old, const DqStoreProfile *new, GError **error)
{
    if (old->issued != 0 && new->issued == 0) {
        return fail_name(new->name, "is in the store as one that is signed, and this one is not",
                         error);
    }
    if (old->issued > new->issued) {
        return fail_name(new->name,
                         "is older than the one that was accepted last: take the last one", error);
    }
    if (new->issued != 0 && old->issued == new->issued &&
        memcmp(old->digest, new->digest, DQ_HASH_SIZE) != 0) {
        return fail_name(new->name,
                         "was accepted with the same date and other content: sign it "
                         "again",
                         error);
    }
    return TRUE;
}

static gboolean put_row(Database *db, DqStoreProfile *p, DqBytes content, GError **error)
{
    sqlite3_stmt *s = database_statement(db, DATABASE_PROFILE_PUT, error);
    const void *data = content.data;
    const gsize len = content.len;

    if (s &&
        sqlite3_bind_blob64(s, CONTENT_COLUMN, data ? data : "", len, SQLITE_STATIC) != SQLITE_OK) {
        return database_fail(db, error);
    }
    return s && record_put(db, DATABASE_PROFILE_PUT, &profile_type, p, error);
}

gboolean profile_put(Database *db, const DqStoreProfile *profile, GBytes *content, GError **error)
{
    DqStoreProfile old, new = *profile;
    gboolean found;

    digest_of(content, new.digest);
    if (new.name[0] == '\0') {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "a profile without a name cannot be kept");
        return FALSE;
    }
    if (new.added <= 0) { /* it would be one that was removed */
        return fail_name(new.name, "has no date of when it is added", error);
    }
    if (!label_check(new.name, error) || !find(db, new.name, &found, &old, error) ||
        (found && !may_replace(&old, &new, error))) {
        return FALSE;
    }
    if (found && !profile_is_removed(&old) && old.issued == new.issued &&
        memcmp(old.digest, new.digest, DQ_HASH_SIZE) == 0 &&
        memcmp(old.key, new.key, DQ_HASH_SIZE) == 0) {
        return TRUE;
    }
    return put_row(db, &new, dq_bytes_peek(content), error);
}

GBytes *profile_content(Database *db, const DqStoreProfile *profile, GError **error)
{
    sqlite3_stmt *s = database_statement(db, DATABASE_PROFILE_CONTENT, error);
    uint8_t digest[DQ_HASH_SIZE];
    GBytes *content = NULL;
    int code;

    if (!s) {
        return NULL;
    }
    if (sqlite3_bind_text(s, 1, profile->name, -1, SQLITE_TRANSIENT) != SQLITE_OK) {
        database_fail(db, error);
        return NULL;
    }
    code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        const void *data = sqlite3_column_blob(s, 0);

        content = g_bytes_new(data, (gsize)sqlite3_column_bytes(s, 0));
        digest_of(content, digest);
        if (memcmp(digest, profile->digest, DQ_HASH_SIZE) != 0) {
            g_clear_pointer(&content, g_bytes_unref);
            database_damaged(db, error);
        }
    } else {
        database_fail(db, error);
    }
    database_done(s);
    return content;
}

gboolean profile_remove(Database *db, const char *name, GError **error)
{
    DqStoreProfile profile;
    gboolean found;

    if (!profile_get(db, name, &profile, error)) {
        return FALSE;
    }
    if (profile.issued == 0) {
        return record_remove(db, DATABASE_PROFILE_REMOVE, key_of(name), &found, error);
    }
    profile.added = 0;
    return put_row(db, &profile, (DqBytes){ NULL, 0 }, error);
}
