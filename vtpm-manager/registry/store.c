/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/store.h"

#include "attest/deepquote.h"
#include "registry/file.h"
#include "registry/log_room.h"
#include "registry/row.h"

struct RegistryStore {
    RegistryFile *file;
    sqlite3_stmt *put;
    sqlite3_stmt *put_state;
    sqlite3_stmt *put_saved;
    sqlite3_stmt *drop_saved;
    sqlite3_stmt *put_key;
};

RegistryStore *registry_store_open(const char *path, GError **error)
{
    g_autoptr(RegistryStore) store = g_new0(RegistryStore, 1);

    store->file = registry_file_open(path, error);
    if (!store->file) {
        return NULL;
    }
    if (sqlite3_prepare_v2(store->file->sqlite,
                           "INSERT OR REPLACE INTO vm (" REGISTRY_ROW_COLUMNS ") "
                           "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                           -1, &store->put, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(store->file->sqlite,
                           "INSERT OR REPLACE INTO vm_state (uuid, stored, announced) "
                           "VALUES (?,?,?)",
                           -1, &store->put_state, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(store->file->sqlite,
                           "INSERT OR REPLACE INTO vm_saved (uuid, saved) VALUES (?,?)", -1,
                           &store->put_saved, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(store->file->sqlite, "DELETE FROM vm_saved WHERE uuid = ?", -1,
                           &store->drop_saved, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(store->file->sqlite,
                           "INSERT OR REPLACE INTO vm_key (uuid, seed, wrapped) VALUES (?,?,?)", -1,
                           &store->put_key, NULL) != SQLITE_OK) {
        registry_file_fail(store->file, "open", error);
        return NULL;
    }
    return g_steal_pointer(&store);
}

void registry_store_watch(RegistryStore *store, RegistryWatch watch, void *data)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&store->file->lock);

    store->file->watch = watch;
    store->file->watch_data = data;
}

RegistryFile *registry_store_file(const RegistryStore *store)
{
    return store->file;
}

void registry_store_make_room(RegistryStore *store)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&store->file->lock);

    log_room_make(store->file->sqlite);
}

void registry_store_close(RegistryStore *store)
{
    if (!store) {
        return;
    }
    sqlite3_finalize(store->put);
    sqlite3_finalize(store->put_state);
    sqlite3_finalize(store->put_saved);
    sqlite3_finalize(store->drop_saved);
    sqlite3_finalize(store->put_key);
    registry_file_close(store->file);
    g_free(store);
}

static gboolean load_vm(sqlite3_stmt *s, const RegistryStoreReader *reader)
{
    RegistryVm *vm = g_new0(RegistryVm, 1);
    const char *group = (const char *)sqlite3_column_text(s, 14);

    if (group && registry_row_read(s, vm) && reader->vm(vm, group, reader->data)) {
        return TRUE;
    }
    g_free(vm->name);
    g_free(vm);
    return FALSE;
}

static gboolean load_group(sqlite3_stmt *s, const RegistryStoreReader *reader)
{
    RegistryGroup group = { .name = (char *)sqlite3_column_text(s, 0),
                            .has_seed = sqlite3_column_type(s, 2) != SQLITE_NULL };
    sqlite3_int64 weight = sqlite3_column_int64(s, 1);
    g_autoptr(RegistryApproval) approval = NULL;

    if (!group.name || weight < 1 || weight > REGISTRY_WEIGHT_MAX) {
        return FALSE;
    }
    if (group.has_seed && !registry_row_read_seed(s, 2, group.seed)) {
        return FALSE;
    }
    group.weight = (guint)weight;
    if (sqlite3_column_type(s, 3) != SQLITE_NULL) {
        approval = registry_approval_new(group.name, (const char *)sqlite3_column_text(s, 3),
                                         (const char *)sqlite3_column_text(s, 4), NULL);
        if (!approval) {
            return FALSE;
        }
    }
    group.approval = approval;
    reader->group(&group, reader->data);
    return TRUE;
}

static gboolean load(RegistryStore *store, const char *sql,
                     gboolean (*row)(sqlite3_stmt *s, const RegistryStoreReader *reader),
                     const RegistryStoreReader *reader, GError **error)
{
    sqlite3_stmt *statement = NULL;
    gboolean ok = TRUE;
    int rc;

    if (sqlite3_prepare_v2(store->file->sqlite, sql, -1, &statement, NULL) != SQLITE_OK) {
        return registry_file_fail(store->file, "read", error);
    }
    while (ok && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        ok = row(statement, reader) || registry_file_damaged(store->file, error);
    }
    if (ok && rc != SQLITE_DONE) {
        ok = registry_file_fail(store->file, "read", error);
    }
    sqlite3_finalize(statement);
    return ok;
}

gboolean registry_store_load(RegistryStore *store, const RegistryStoreReader *reader,
                             GError **error)
{
    return load(store,
                "SELECT name, weight, seed, key, list FROM vm_group "
                "LEFT JOIN group_seed USING (name) LEFT JOIN group_approval USING (name)",
                load_group, reader, error) &&
           load(store,
                "SELECT " REGISTRY_ROW_COLUMNS ", stored, announced, saved, seed, wrapped FROM vm "
                "LEFT JOIN vm_state USING (uuid) LEFT JOIN vm_saved USING (uuid) "
                "LEFT JOIN vm_key USING (uuid)",
                load_vm, reader, error);
}

/* Runs a statement that is @bound, and makes it ready for the next time. */
static gboolean write_row(RegistryStore *store, sqlite3_stmt *s, gboolean bound, GError **error)
{
    const gboolean ok = bound && sqlite3_step(s) == SQLITE_DONE;

    if (!ok) {
        registry_file_fail(store->file, "write", error);
    }
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return ok;
}

static gboolean put(RegistryStore *store, const RegistryVm *vm, GError **error)
{
    return write_row(store, store->put, registry_row_bind(store->put, vm), error);
}

static gboolean put_saved(RegistryStore *store, const char *uuid, const RegistryState *state,
                          GError **error)
{
    sqlite3_stmt *s = state->suspended ? store->put_saved : store->drop_saved;
    const gboolean bound =
        sqlite3_bind_text(s, 1, uuid, -1, SQLITE_STATIC) == SQLITE_OK &&
        (!state->suspended ||
         sqlite3_bind_blob(s, 2, state->saved, sizeof(state->saved), SQLITE_STATIC) == SQLITE_OK);

    return write_row(store, s, bound, error);
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

    return write_row(store, s, bound, error) && put_saved(store, text, state, error);
}

static gboolean put_key(RegistryStore *store, const WireUuid *uuid, const RegistryKey *key,
                        GError **error)
{
    g_autofree char *text = dq_uuid_format(uuid->byte);
    sqlite3_stmt *s = store->put_key;
    const gboolean bound =
        sqlite3_bind_text(s, 1, text, -1, SQLITE_TRANSIENT) == SQLITE_OK &&
        sqlite3_bind_blob(s, 2, key->seed, key->made ? sizeof(key->seed) : 0, SQLITE_TRANSIENT) ==
            SQLITE_OK &&
        sqlite3_bind_blob(s, 3, key->wrapped, key->made ? sizeof(key->wrapped) : 0,
                          SQLITE_TRANSIENT) == SQLITE_OK;

    return write_row(store, s, bound, error);
}

static gboolean drop_state(RegistryStore *store, const WireUuid *uuid, GError **error)
{
    g_autofree char *text = dq_uuid_format(uuid->byte);

    return registry_file_put(store->file, "DELETE FROM vm_state WHERE uuid = ?",
                             &(const RegistryValue){ .text = text }, 1, error) &&
           put_saved(store, text, &(const RegistryState){ 0 }, error);
}

/** A VM, what of it is stored, and what is noted. */
typedef struct VmChange {
    const RegistryVm *vm;
    guint parts;
    const RegistryNote *note;
} VmChange;

static gboolean put_or_drop_state(RegistryStore *store, const RegistryVm *vm, GError **error)
{
    return vm->state.known ? put_state(store, &vm->uuid, &vm->state, error)
                           : drop_state(store, &vm->uuid, error);
}

static gboolean put_parts(void *data, const void *what, GError **error)
{
    RegistryStore *store = data;
    const VmChange *c = what;

    return put(store, c->vm, error) && registry_audit_add(store->file, c->note, error) &&
           (!(c->parts & REGISTRY_PART_STATE) || put_or_drop_state(store, c->vm, error)) &&
           (!(c->parts & REGISTRY_PART_KEY) || !c->vm->key.sealed ||
            put_key(store, &c->vm->uuid, &c->vm->key, error));
}

gboolean registry_store_put(RegistryStore *store, const RegistryVm *vm, guint parts,
                            const RegistryNote *note, GError **error)
{
    const VmChange change = { vm, parts, note };

    return registry_file_change(store->file, put_parts, store, &change, error);
}

static gboolean put_note(void *store, const void *what, GError **error)
{
    return registry_audit_add(((RegistryStore *)store)->file, what, error);
}

gboolean registry_store_note(RegistryStore *store, const RegistryNote *note, GError **error)
{
    return registry_file_change(store->file, put_note, store, note, error);
}

static gboolean put_states(void *store, const void *what, GError **error)
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
    return registry_file_change(store->file, put_states, store, states, error);
}

static gboolean put_each(void *store, const void *what, GError **error)
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
    return vms->len == 0 || registry_file_change(store->file, put_each, store, vms, error);
}
