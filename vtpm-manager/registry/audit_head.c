/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/audit_head.h"

#include <string.h>

#include "registry/file.h"
#include "registry/store.h"

static gboolean read_head(RegistryFile *file, sqlite3_stmt *s, AuditHead *ret, gboolean *ret_signed,
                          GError **error)
{
    const int rc = sqlite3_step(s);
    const void *hash;

    if (rc != SQLITE_ROW) {
        return rc != SQLITE_DONE && registry_file_refuse(file, "read", rc, error);
    }
    hash = sqlite3_column_blob(s, 1);
    if (!hash || sqlite3_column_bytes(s, 1) != AUDIT_HASH_SIZE || sqlite3_column_int64(s, 0) < 1) {
        return registry_file_damaged(file, error);
    }
    ret->number = (uint64_t)sqlite3_column_int64(s, 0);
    ret->time = g_get_real_time() / G_USEC_PER_SEC;
    memcpy(ret->hash, hash, sizeof(ret->hash));
    *ret_signed = sqlite3_column_type(s, 2) != SQLITE_NULL;
    return TRUE;
}

gboolean registry_audit_head(RegistryStore *store, AuditHead *ret, gboolean *ret_signed,
                             GError **error)
{
    RegistryFile *file = registry_store_file(store);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&file->lock);
    sqlite3_stmt *s = NULL;
    gboolean ok;

    ok = sqlite3_prepare_v2(file->sqlite,
                            "SELECT number, hash, evidence FROM audit "
                            "LEFT JOIN " GUARD_HEADS_TABLE " USING (number) "
                            "ORDER BY number DESC LIMIT 1",
                            -1, &s, NULL) == SQLITE_OK
             ? read_head(file, s, ret, ret_signed, error)
             : registry_file_fail(file, "read", error);
    sqlite3_finalize(s);
    return ok;
}

/** Evidence, and of what. */
typedef struct Signed {
    int64_t number;
    WireBytes evidence;
} Signed;

static gboolean put(void *file, const void *what, GError **error)
{
    const Signed *s = what;
    const RegistryValue row[] = { { .number = s->number },
                                  { .blob = s->evidence.p, .size = s->evidence.len } };
    const RegistryValue kept[] = { { .number = REGISTRY_AUDIT_HEADS } };

    return registry_file_put(
               file, "INSERT OR IGNORE INTO " GUARD_HEADS_TABLE " (number, evidence) VALUES (?,?)",
               row, G_N_ELEMENTS(row), error) &&
           registry_file_put(file,
                             "DELETE FROM " GUARD_HEADS_TABLE " WHERE number NOT IN"
                             " (SELECT number FROM " GUARD_HEADS_TABLE
                             " ORDER BY number DESC LIMIT ?)",
                             kept, G_N_ELEMENTS(kept), error);
}

gboolean registry_audit_keep(RegistryStore *store, const AuditHead *head, WireBytes evidence,
                             GError **error)
{
    const Signed what = { (int64_t)head->number, evidence };
    RegistryFile *file = registry_store_file(store);

    return registry_file_change(file, put, file, &what, error);
}

gboolean registry_audit_heads_read(RegistryStore *store, uint64_t after, guint count,
                                   RegistryHeadReader reader, void *data, GError **error)
{
    RegistryFile *file = registry_store_file(store);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&file->lock);
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(file->sqlite,
                                "SELECT number, evidence FROM " GUARD_HEADS_TABLE
                                " WHERE number > ? ORDER BY number LIMIT ?",
                                -1, &s, NULL);

    if (rc == SQLITE_OK && (rc = sqlite3_bind_int64(s, 1, (int64_t)after)) == SQLITE_OK) {
        rc = sqlite3_bind_int64(s, 2, count);
    }
    while ((rc == SQLITE_OK || rc == SQLITE_ROW) && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const uint8_t *evidence = sqlite3_column_blob(s, 1);

        reader((uint64_t)sqlite3_column_int64(s, 0),
               (WireBytes){ evidence, (gsize)sqlite3_column_bytes(s, 1) }, data);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE || registry_file_refuse(file, "read", rc, error);
}
