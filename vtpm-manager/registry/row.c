/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/row.h"

#include <string.h>

#include "attest/deepquote.h"

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

gboolean registry_row_read_seed(sqlite3_stmt *s, int column, uint8_t *ret)
{
    gsize len = 0;

    return read_blob(s, column, ret, REGISTRY_SEED_SIZE, &len) && len == REGISTRY_SEED_SIZE;
}

/* No row of the VM's in vm_state is a state that is not known; none in vm_saved, none to resume. */
static gboolean read_state(sqlite3_stmt *s, int column, RegistryState *state)
{
    state->known = sqlite3_column_type(s, column) != SQLITE_NULL;
    state->suspended = state->known && sqlite3_column_type(s, column + 2) != SQLITE_NULL;
    return !state->known ||
           (read_hash(s, column, state->stored) && read_hash(s, column + 1, state->announced) &&
            (!state->suspended || read_hash(s, column + 2, state->saved)));
}

/* No row of the VM's in vm_key is one that is not sealed; an empty one is a key to be made. */
static gboolean read_key(sqlite3_stmt *s, int column, RegistryKey *key)
{
    gsize seed_len = 0;
    gsize wrapped_len = 0;

    key->sealed = sqlite3_column_type(s, column) != SQLITE_NULL;
    if (!key->sealed) {
        return TRUE;
    }
    if (!read_blob(s, column, key->seed, sizeof(key->seed), &seed_len) ||
        !read_blob(s, column + 1, key->wrapped, sizeof(key->wrapped), &wrapped_len)) {
        return FALSE;
    }
    key->made = wrapped_len != 0;
    return (seed_len == 0 && wrapped_len == 0) ||
           (seed_len == sizeof(key->seed) && wrapped_len == sizeof(key->wrapped));
}

static gboolean read_continuity(sqlite3_stmt *s, RegistryVm *vm)
{
    const int continuity = sqlite3_column_int(s, 17);

    vm->continuity = (RegistryContinuity)continuity;
    vm->broken = sqlite3_column_int64(s, 18);
    vm->accepted = sqlite3_column_int64(s, 19);
    return continuity >= 0 && continuity < REGISTRY_CONTINUITY_COUNT &&
           read_state(s, 20, &vm->state) && read_key(s, 23, &vm->key);
}

gboolean registry_row_read(sqlite3_stmt *s, RegistryVm *vm)
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

static gboolean bind_continuity(sqlite3_stmt *s, const RegistryVm *vm)
{
    return sqlite3_bind_int(s, 18, (int)vm->continuity) == SQLITE_OK &&
           sqlite3_bind_int64(s, 19, vm->broken) == SQLITE_OK &&
           sqlite3_bind_int64(s, 20, vm->accepted) == SQLITE_OK;
}

gboolean registry_row_bind(sqlite3_stmt *s, const RegistryVm *vm)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);
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
