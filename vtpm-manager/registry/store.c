/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/store.h"

#include <sqlite3.h>
#include <string.h>

#include "attest/deepquote.h"
#include "registry/error.h"

struct RegistryStore {
    GMutex lock; /* states are stored by a thread of their own */
    char *path;
    sqlite3 *db;
    sqlite3_stmt *put;
    sqlite3_stmt *put_state;
};

/* Integers hold 63 bits of the counters; at one commit a microsecond that is 292,000 years. */
static const char version_1[] = "CREATE TABLE vm ("
                                " uuid TEXT PRIMARY KEY NOT NULL,"
                                " name TEXT NOT NULL,"
                                " owner INTEGER NOT NULL,"
                                " registered INTEGER NOT NULL,"
                                " enabled INTEGER NOT NULL,"
                                " ek BLOB NOT NULL,"
                                " instance BLOB NOT NULL," /* empty: none yet */
                                " epoch INTEGER NOT NULL,"
                                " base INTEGER NOT NULL,"
                                " generation INTEGER NOT NULL,"
                                " ceiling INTEGER NOT NULL,"
                                " created INTEGER NOT NULL,"
                                " seen INTEGER NOT NULL,"
                                " removed INTEGER NOT NULL) WITHOUT ROWID;"
                                "PRAGMA user_version = 1;";

static const char version_2[] = "CREATE TABLE vm_group ("
                                " name TEXT PRIMARY KEY NOT NULL,"
                                " weight INTEGER NOT NULL) WITHOUT ROWID;"
                                "INSERT INTO vm_group VALUES ('" REGISTRY_GROUP_DEFAULT "', 1);"
                                "ALTER TABLE vm ADD COLUMN vm_group TEXT NOT NULL"
                                " DEFAULT '" REGISTRY_GROUP_DEFAULT "';"
                                "PRAGMA user_version = 2;";

static const char version_3[] = "ALTER TABLE vm ADD COLUMN lineage BLOB NOT NULL DEFAULT x'';"
                                "UPDATE vm SET lineage = randomblob(16);"
                                "PRAGMA user_version = 3;";

/* Owners of several VMs were what libvirt makes of them; all others keep what they had. */
static const char version_4[] =
    "ALTER TABLE vm ADD COLUMN rule TEXT NOT NULL DEFAULT 'user';"
    "UPDATE vm SET rule = 'libvirt' WHERE owner IN"
    " (SELECT owner FROM vm WHERE registered GROUP BY owner HAVING count(*) > 1);"
    "PRAGMA user_version = 4;";

/* States are rows of their own: they are stored often, and by themselves. */
static const char version_5[] = "ALTER TABLE vm ADD COLUMN continuity INTEGER NOT NULL DEFAULT 0;"
                                "ALTER TABLE vm ADD COLUMN broken INTEGER NOT NULL DEFAULT 0;"
                                "ALTER TABLE vm ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;"
                                "CREATE TABLE vm_state ("
                                " uuid TEXT PRIMARY KEY NOT NULL,"
                                " stored BLOB NOT NULL,"
                                " announced BLOB NOT NULL) WITHOUT ROWID;"
                                "PRAGMA user_version = 5;";

/* From each version to the next; a new file goes through all of them. */
static const char *const steps[] = { version_1, version_2, version_3, version_4, version_5 };

enum { SCHEMA_VERSION = G_N_ELEMENTS(steps) };

/* The order of the columns is that of bind_row() and read_row(). */
#define COLUMNS                                                                                    \
    "uuid, name, owner, registered, enabled, ek, instance, epoch, base, generation, ceiling, "     \
    "created, seen, removed, vm_group, lineage, rule, continuity, broken, accepted"

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

static gboolean fail(RegistryStore *store, const char *what, GError **error)
{
    const int code = store->db ? sqlite3_errcode(store->db) : SQLITE_NOMEM;
    const char *advice = "check that its file system has room and works";

    for (gsize i = 0; i < G_N_ELEMENTS(troubles); i++) {
        if (troubles[i].code == (code & 0xFF)) {
            advice = troubles[i].advice;
        }
    }
    g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE, "cannot %s the registry %s: %s; %s",
                what, store->path, store->db ? sqlite3_errmsg(store->db) : "out of memory", advice);
    return FALSE;
}

static gboolean execute(RegistryStore *store, const char *sql, const char *what, GError **error)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(store, what, error);
}

static gboolean read_version(RegistryStore *store, int *ret, GError **error)
{
    sqlite3_stmt *statement = NULL;
    gboolean ok;

    ok = sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
         sqlite3_step(statement) == SQLITE_ROW;
    if (ok) {
        *ret = sqlite3_column_int(statement, 0);
    }
    sqlite3_finalize(statement);
    return ok || fail(store, "read", error);
}

typedef gboolean (*Change)(RegistryStore *store, const void *what, GError **error);

/* Stores all of a change, or nothing. */
static gboolean transact(RegistryStore *store, Change change, const void *what, GError **error)
{
    if (!execute(store, "BEGIN IMMEDIATE", "write", error)) {
        return FALSE;
    }
    if (change(store, what, error) && execute(store, "COMMIT", "write", error)) {
        return TRUE;
    }
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
}

static gboolean upgrade(RegistryStore *store, const void *version, GError **error)
{
    for (int i = *(const int *)version; i < SCHEMA_VERSION; i++) {
        if (!execute(store, steps[i], "write", error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean prepare_schema(RegistryStore *store, GError **error)
{
    int version = 0;

    if (!read_version(store, &version, error)) {
        return FALSE;
    }
    if (version < 0 || version > SCHEMA_VERSION) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE,
                    "the registry %s has format %d and this version knows up to %d: install the "
                    "newer version, or restore an older registry",
                    store->path, version, SCHEMA_VERSION);
        return FALSE;
    }
    if (version == SCHEMA_VERSION) {
        return TRUE;
    }
    return transact(store, upgrade, &version, error);
}

RegistryStore *registry_store_open(const char *path, GError **error)
{
    g_autoptr(RegistryStore) store = g_new0(RegistryStore, 1);

    g_mutex_init(&store->lock);
    store->path = g_strdup(path);
    /* Exclusive locking before WAL keeps the index in memory: no mapped file that a full disk cuts.
     */
    if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK) {
        fail(store, "open", error);
        return NULL;
    }
    if (!execute(store, "PRAGMA locking_mode = EXCLUSIVE", "open", error) ||
        !execute(store, "PRAGMA journal_mode = WAL", "open", error) ||
        !execute(store, "PRAGMA synchronous = FULL", "open", error) ||
        !prepare_schema(store, error)) {
        return NULL;
    }
    if (sqlite3_prepare_v2(store->db,
                           "INSERT OR REPLACE INTO vm (" COLUMNS ") "
                           "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                           -1, &store->put, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(store->db,
                           "INSERT OR REPLACE INTO vm_state (uuid, stored, announced) "
                           "VALUES (?,?,?)",
                           -1, &store->put_state, NULL) != SQLITE_OK) {
        fail(store, "open", error);
        return NULL;
    }
    return g_steal_pointer(&store);
}

void registry_store_close(RegistryStore *store)
{
    if (!store) {
        return;
    }
    sqlite3_finalize(store->put);
    sqlite3_finalize(store->put_state);
    sqlite3_close(store->db);
    g_mutex_clear(&store->lock);
    g_free(store->path);
    g_free(store);
}

static gboolean read_blob(sqlite3_stmt *s, int column, uint8_t *into, gsize cap, gsize *ret_len)
{
    int size = sqlite3_column_bytes(s, column);
    const void *bytes = sqlite3_column_blob(s, column);

    if (size < 0 || (gsize)size > cap) {
        return FALSE;
    }
    if (size > 0) {
        memcpy(into, bytes, (gsize)size);
    }
    *ret_len = (gsize)size;
    return TRUE;
}

static gboolean read_hash(sqlite3_stmt *s, int column, uint8_t *into)
{
    gsize len = 0;

    return read_blob(s, column, into, MANAGER_STATE_SIZE, &len) && len == MANAGER_STATE_SIZE;
}

/* No row of the VM's in vm_state is a state that is not known. */
static gboolean read_state(sqlite3_stmt *s, int column, RegistryState *state)
{
    state->known = sqlite3_column_type(s, column) != SQLITE_NULL;
    return !state->known ||
           (read_hash(s, column, state->stored) && read_hash(s, column + 1, state->announced));
}

static gboolean read_continuity(sqlite3_stmt *s, RegistryVm *vm)
{
    const int continuity = sqlite3_column_int(s, 17);

    vm->continuity = (RegistryContinuity)continuity;
    vm->broken = sqlite3_column_int64(s, 18);
    vm->accepted = sqlite3_column_int64(s, 19);
    return continuity >= 0 && continuity < REGISTRY_CONTINUITY_COUNT &&
           read_state(s, 20, &vm->state);
}

static gboolean read_row(sqlite3_stmt *s, RegistryVm *vm)
{
    const char *uuid = (const char *)sqlite3_column_text(s, 0);
    gsize instance_len = 0;
    gsize lineage_len = 0;

    if (!uuid || !dq_uuid_parse(uuid, vm->uuid.byte, NULL) ||
        !read_blob(s, 5, vm->ek, sizeof(vm->ek), &vm->ek_len) ||
        !read_blob(s, 6, vm->instance, sizeof(vm->instance), &instance_len) ||
        (instance_len != 0 && instance_len != sizeof(vm->instance)) ||
        !read_blob(s, 15, vm->lineage, sizeof(vm->lineage), &lineage_len) ||
        lineage_len != sizeof(vm->lineage) ||
        !registry_rule_find((const char *)sqlite3_column_text(s, 16), &vm->rule) ||
        !read_continuity(s, vm)) {
        return FALSE;
    }
    vm->name = g_strdup((const char *)sqlite3_column_text(s, 1));
    vm->owner = (uid_t)sqlite3_column_int64(s, 2);
    vm->registered = sqlite3_column_int(s, 3) != 0;
    vm->enabled = sqlite3_column_int(s, 4) != 0;
    vm->has_instance = instance_len != 0;
    vm->epoch = (uint64_t)sqlite3_column_int64(s, 7);
    vm->base = (uint64_t)sqlite3_column_int64(s, 8);
    vm->generation = (uint64_t)sqlite3_column_int64(s, 9);
    vm->ceiling = (uint64_t)sqlite3_column_int64(s, 10);
    vm->exact = vm->generation == vm->ceiling; /* only registry_close() makes them equal */
    vm->created = sqlite3_column_int64(s, 11);
    vm->seen = sqlite3_column_int64(s, 12);
    vm->removed = sqlite3_column_int64(s, 13);
    return TRUE;
}

static gboolean damaged(RegistryStore *store, GError **error)
{
    g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE,
                "the registry %s has a damaged row: %s", store->path, damage);
    return FALSE;
}

static gboolean load_vm(sqlite3_stmt *s, const RegistryStoreReader *reader)
{
    RegistryVm *vm = g_new0(RegistryVm, 1);
    const char *group = (const char *)sqlite3_column_text(s, 14);

    if (group && read_row(s, vm) && reader->vm(vm, group, reader->data)) {
        return TRUE;
    }
    g_free(vm->name);
    g_free(vm);
    return FALSE;
}

static gboolean load_group(sqlite3_stmt *s, const RegistryStoreReader *reader)
{
    const char *name = (const char *)sqlite3_column_text(s, 0);
    sqlite3_int64 weight = sqlite3_column_int64(s, 1);

    if (!name || weight < 1 || weight > REGISTRY_WEIGHT_MAX) {
        return FALSE;
    }
    reader->group(name, (guint)weight, reader->data);
    return TRUE;
}

static gboolean load(RegistryStore *store, const char *sql,
                     gboolean (*row)(sqlite3_stmt *s, const RegistryStoreReader *reader),
                     const RegistryStoreReader *reader, GError **error)
{
    sqlite3_stmt *statement = NULL;
    gboolean ok = TRUE;
    int rc;

    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        return fail(store, "read", error);
    }
    while (ok && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        ok = row(statement, reader) || damaged(store, error);
    }
    if (ok && rc != SQLITE_DONE) {
        ok = fail(store, "read", error);
    }
    sqlite3_finalize(statement);
    return ok;
}

gboolean registry_store_load(RegistryStore *store, const RegistryStoreReader *reader,
                             GError **error)
{
    return load(store, "SELECT name, weight FROM vm_group", load_group, reader, error) &&
           load(store,
                "SELECT " COLUMNS ", stored, announced FROM vm LEFT JOIN vm_state USING (uuid)",
                load_vm, reader, error);
}

static gboolean bind_continuity(sqlite3_stmt *s, const RegistryVm *vm)
{
    return sqlite3_bind_int(s, 18, (int)vm->continuity) == SQLITE_OK &&
           sqlite3_bind_int64(s, 19, vm->broken) == SQLITE_OK &&
           sqlite3_bind_int64(s, 20, vm->accepted) == SQLITE_OK;
}

static gboolean bind_row(sqlite3_stmt *s, const RegistryVm *vm, const char *uuid)
{
    const int64_t numbers[] = { (int64_t)vm->epoch,   (int64_t)vm->base, (int64_t)vm->generation,
                                (int64_t)vm->ceiling, vm->created,       vm->seen,
                                vm->removed };
    gboolean ok;

    ok = sqlite3_bind_text(s, 1, uuid, -1, SQLITE_TRANSIENT) == SQLITE_OK &&
         sqlite3_bind_text(s, 2, vm->name, -1, SQLITE_TRANSIENT) == SQLITE_OK &&
         sqlite3_bind_int64(s, 3, vm->owner) == SQLITE_OK &&
         sqlite3_bind_int(s, 4, vm->registered) == SQLITE_OK &&
         sqlite3_bind_int(s, 5, vm->enabled) == SQLITE_OK &&
         sqlite3_bind_blob(s, 6, vm->ek, (int)vm->ek_len, SQLITE_TRANSIENT) == SQLITE_OK &&
         sqlite3_bind_blob(s, 7, vm->instance, vm->has_instance ? (int)sizeof(vm->instance) : 0,
                           SQLITE_TRANSIENT) == SQLITE_OK;
    for (gsize i = 0; ok && i < G_N_ELEMENTS(numbers); i++) {
        ok = sqlite3_bind_int64(s, 8 + (int)i, numbers[i]) == SQLITE_OK;
    }
    return ok && sqlite3_bind_text(s, 15, vm->group->name, -1, SQLITE_TRANSIENT) == SQLITE_OK &&
           sqlite3_bind_blob(s, 16, vm->lineage, sizeof(vm->lineage), SQLITE_TRANSIENT) ==
               SQLITE_OK &&
           sqlite3_bind_text(s, 17, registry_rule_name(vm->rule), -1, SQLITE_STATIC) == SQLITE_OK &&
           bind_continuity(s, vm);
}

/* Runs a statement that is @bound, and makes it ready for the next time. */
static gboolean write_row(RegistryStore *store, sqlite3_stmt *s, gboolean bound, GError **error)
{
    const gboolean ok = bound && sqlite3_step(s) == SQLITE_DONE;

    if (!ok) {
        fail(store, "write", error);
    }
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return ok;
}

static gboolean put(RegistryStore *store, const RegistryVm *vm, GError **error)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);

    return write_row(store, store->put, bind_row(store->put, vm, uuid), error);
}

static gboolean put_state(RegistryStore *store, const WireUuid *uuid, const RegistryState *state,
                          GError **error)
{
    g_autofree char *text = dq_uuid_format(uuid->byte);
    sqlite3_stmt *s = store->put_state;
    const gboolean bound = sqlite3_bind_text(s, 1, text, -1, SQLITE_TRANSIENT) == SQLITE_OK &&
                           sqlite3_bind_blob(s, 2, state->stored, sizeof(state->stored),
                                             SQLITE_TRANSIENT) == SQLITE_OK &&
                           sqlite3_bind_blob(s, 3, state->announced, sizeof(state->announced),
                                             SQLITE_TRANSIENT) == SQLITE_OK;

    return write_row(store, s, bound, error);
}

/* A change of the one row that has @key; @number, where there is one, is its other value. */
static gboolean change_row(RegistryStore *store, const char *sql, const char *key, guint number,
                           GError **error)
{
    sqlite3_stmt *s = NULL;
    gboolean ok;

    ok = sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) == SQLITE_OK &&
         sqlite3_bind_text(s, 1, key, -1, SQLITE_TRANSIENT) == SQLITE_OK &&
         (number == 0 || sqlite3_bind_int64(s, 2, number) == SQLITE_OK) &&
         sqlite3_step(s) == SQLITE_DONE;
    if (!ok) {
        fail(store, "write", error);
    }
    sqlite3_finalize(s);
    return ok;
}

static gboolean drop_state(RegistryStore *store, const WireUuid *uuid, GError **error)
{
    g_autofree char *text = dq_uuid_format(uuid->byte);

    return change_row(store, "DELETE FROM vm_state WHERE uuid = ?", text, 0, error);
}

gboolean registry_store_put(RegistryStore *store, const RegistryVm *vm, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&store->lock);

    return put(store, vm, error);
}

static gboolean put_both(RegistryStore *store, const void *what, GError **error)
{
    const RegistryVm *vm = what;

    return put(store, vm, error) &&
           (vm->state.known ? put_state(store, &vm->uuid, &vm->state, error)
                            : drop_state(store, &vm->uuid, error));
}

gboolean registry_store_put_with_state(RegistryStore *store, const RegistryVm *vm, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&store->lock);

    return transact(store, put_both, vm, error);
}

static gboolean put_states(RegistryStore *store, const void *what, GError **error)
{
    const GPtrArray *states = what;

    for (guint i = 0; i < states->len; i++) {
        const RegistryVmState *vm = g_ptr_array_index(states, i);

        if (!put_state(store, &vm->uuid, &vm->state, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean registry_store_put_states(RegistryStore *store, GPtrArray *states, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&store->lock);

    return transact(store, put_states, states, error);
}

gboolean registry_store_put_group(RegistryStore *store, const char *name, guint weight,
                                  GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&store->lock);

    return change_row(store, "INSERT OR REPLACE INTO vm_group (name, weight) VALUES (?,?)", name,
                      weight, error);
}

gboolean registry_store_remove_group(RegistryStore *store, const char *name, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&store->lock);

    return change_row(store, "DELETE FROM vm_group WHERE name = ?", name, 0, error);
}

static gboolean put_each(RegistryStore *store, const void *what, GError **error)
{
    const GPtrArray *vms = what;

    for (guint i = 0; i < vms->len; i++) {
        if (!put(store, g_ptr_array_index(vms, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean registry_store_put_all(RegistryStore *store, GPtrArray *vms, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&store->lock);

    return vms->len == 0 || transact(store, put_each, vms, error);
}
