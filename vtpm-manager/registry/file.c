/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/file.h"

#include "registry/error.h"
#include "registry/schema.h"

static const char damage[] =
    "restore it from a backup, or move it and its -wal file away to begin with an empty one, in "
    "which each VM has to be registered again and gets a new lineage";
static const char in_use[] = "another program has it open; end that, and keep others from it";
static const char no_access[] =
    "check that the manager may write the file, its -wal file and their folder";

static const struct {
    int code; /* of SQLite, without what extends it */
    const char *advice;
} troubles[] = {
    { SQLITE_CORRUPT, damage },     { SQLITE_NOTADB, damage },       { SQLITE_BUSY, in_use },
    { SQLITE_LOCKED, in_use },      { SQLITE_PERM, no_access },      { SQLITE_READONLY, no_access },
    { SQLITE_CANTOPEN, no_access }, { SQLITE_NOMEM, "free memory" },
};

gboolean registry_file_refuse(const RegistryFile *file, const char *what, int code, GError **error)
{
    const char *advice = "check that its file system has room and works";

    for (gsize i = 0; i < G_N_ELEMENTS(troubles); i++) {
        if (troubles[i].code == (code & 0xFF)) {
            advice = troubles[i].advice;
        }
    }
    g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE, "cannot %s the registry %s: %s; %s",
                what, file->path,
                file->sqlite && code == sqlite3_errcode(file->sqlite) ? sqlite3_errmsg(file->sqlite)
                                                                      : sqlite3_errstr(code),
                advice);
    return FALSE;
}

gboolean registry_file_fail(const RegistryFile *file, const char *what, GError **error)
{
    return registry_file_refuse(file, what,
                                file->sqlite ? sqlite3_errcode(file->sqlite) : SQLITE_NOMEM, error);
}

gboolean registry_file_damaged(const RegistryFile *file, GError **error)
{
    g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE,
                "the registry %s has a damaged row: %s", file->path, damage);
    return FALSE;
}

gboolean registry_file_execute(RegistryFile *file, const char *sql, const char *what,
                               GError **error)
{
    return sqlite3_exec(file->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ||
           registry_file_fail(file, what, error);
}

static gboolean bind_value(sqlite3_stmt *s, int column, const RegistryValue *value)
{
    if (value->text) {
        return sqlite3_bind_text(s, column, value->text, -1, SQLITE_TRANSIENT) == SQLITE_OK;
    }
    if (value->blob) {
        return sqlite3_bind_blob(s, column, value->blob, (int)value->size, SQLITE_TRANSIENT) ==
               SQLITE_OK;
    }
    return sqlite3_bind_int64(s, column, value->number) == SQLITE_OK;
}

gboolean registry_file_put(RegistryFile *file, const char *sql, const RegistryValue *values,
                           gsize count, GError **error)
{
    sqlite3_stmt *s = NULL;
    gboolean ok = sqlite3_prepare_v2(file->sqlite, sql, -1, &s, NULL) == SQLITE_OK;

    for (gsize i = 0; ok && i < count; i++) {
        ok = bind_value(s, (int)i + 1, &values[i]);
    }
    ok = ok && sqlite3_step(s) == SQLITE_DONE;
    if (!ok) {
        registry_file_fail(file, "write", error);
    }
    sqlite3_finalize(s);
    return ok;
}

/* Where it is not SQLite that fails, memory was short, or what the file holds was not checked yet.
 */
static gboolean seal(RegistryFile *file, GError **error)
{
    const int code = guard_seal(file->guard);

    return code == SQLITE_OK || registry_file_refuse(file, "write", code, error);
}

gboolean registry_file_change(RegistryFile *file, RegistryChange change, void *data,
                              const void *what, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&file->lock);
    RegistryChanges changes;

    if (!registry_file_execute(file, "BEGIN IMMEDIATE", "write", error)) {
        return FALSE;
    }
    if (change(data, what, error) && seal(file, error) &&
        registry_file_execute(file, "COMMIT", "write", error)) {
        changes = guard_keep(file->guard);
        if (file->watch && changes) {
            file->watch(changes, file->watch_data);
        }
        return TRUE;
    }
    sqlite3_exec(file->sqlite, "ROLLBACK", NULL, NULL, NULL);
    guard_undo(file->guard);
    return FALSE;
}

RegistryFile *registry_file_open(const char *path, GError **error)
{
    g_autoptr(RegistryFile) file = g_new0(RegistryFile, 1);

    g_mutex_init(&file->lock);
    file->path = g_strdup(path);
    if (sqlite3_open_v2(path, &file->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK) {
        registry_file_fail(file, "open", error);
        return NULL;
    }
    file->guard = guard_new(file->sqlite);
    /* Exclusive locking before WAL keeps the index in memory: no mapped file that a full disk cuts.
     */
    if (!registry_file_execute(file, "PRAGMA locking_mode = EXCLUSIVE", "open", error) ||
        !registry_file_execute(file, "PRAGMA journal_mode = WAL", "open", error) ||
        !registry_file_execute(file, "PRAGMA synchronous = FULL", "open", error) ||
        !schema_prepare(file, error)) {
        return NULL;
    }
    return g_steal_pointer(&file);
}

void registry_file_close(RegistryFile *file)
{
    if (!file) {
        return;
    }
    guard_free(file->guard);
    sqlite3_close(file->sqlite);
    g_mutex_clear(&file->lock);
    g_free(file->path);
    g_free(file);
}
