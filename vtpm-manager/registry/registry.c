/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/registry.h"

#include <string.h>

#include "attest/deepquote.h"
#include "registry/store.h"

G_DEFINE_QUARK(registry_error, registry_error)

#define CEILING_STEP G_GUINT64_CONSTANT(4096)
#define COMMITS_MAX (G_GUINT64_CONSTANT(1) << 48)

struct Registry {
    RegistryStore *store;
    GHashTable *vms;    /* uuid -> RegistryVm, tombstones included */
    GHashTable *groups; /* name -> RegistryGroup */
};

static guint uuid_hash(gconstpointer key)
{
    guint32 h;

    memcpy(&h, (const uint8_t *)key + 12, sizeof(h));
    return h;
}

static gboolean uuid_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DEEPQUOTE_UUID_SIZE) == 0;
}

static void vm_free(gpointer data)
{
    RegistryVm *vm = data;

    g_free(vm->name);
    g_free(vm);
}

static gint64 now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

static void group_free(gpointer data)
{
    RegistryGroup *group = data;

    g_free(group->name);
    g_free(group);
}

static void take_group(const char *name, guint weight, void *data)
{
    Registry *registry = data;
    RegistryGroup *group = g_new0(RegistryGroup, 1);

    group->name = g_strdup(name);
    group->weight = weight;
    g_hash_table_replace(registry->groups, group->name, group);
}

static void count_member(Registry *registry, const RegistryVm *vm, int change)
{
    RegistryGroup *group = g_hash_table_lookup(registry->groups, vm->group->name);

    if (vm->registered) {
        group->members += (guint)change;
    }
}

static gboolean take_vm(RegistryVm *vm, const char *group, void *data)
{
    Registry *registry = data;

    vm->group = g_hash_table_lookup(registry->groups, group);
    if (!vm->group) {
        return FALSE;
    }
    count_member(registry, vm, 1);
    g_hash_table_replace(registry->vms, vm->uuid, vm);
    return TRUE;
}

Registry *registry_open(const char *path, GError **error)
{
    g_autoptr(Registry) registry = g_new0(Registry, 1);
    const RegistryStoreReader reader = { take_group, take_vm, registry };

    registry->groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, group_free);
    registry->vms = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, vm_free);
    registry->store = registry_store_open(path, error);
    if (!registry->store || !registry_store_load(registry->store, &reader, error)) {
        return NULL;
    }
    if (!registry_group(registry, REGISTRY_GROUP_DEFAULT, NULL)) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE,
                    "the registry %s has lost its default group: restore it from a backup", path);
        return NULL;
    }
    return g_steal_pointer(&registry);
}

static gboolean lower_ceilings(Registry *registry, GError **error)
{
    GHashTableIter iter;
    gpointer value;

    if (!registry_store_begin(registry->store, error)) {
        return FALSE;
    }
    g_hash_table_iter_init(&iter, registry->vms);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        RegistryVm vm = *(RegistryVm *)value;

        if (!vm.exact || vm.ceiling == vm.generation) {
            continue;
        }
        vm.ceiling = vm.generation;
        if (!registry_store_put(registry->store, &vm, error)) {
            return FALSE;
        }
    }
    return registry_store_commit(registry->store, error);
}

void registry_close(Registry *registry)
{
    if (!registry) {
        return;
    }
    if (registry->store) {
        g_autoptr(GError) error = NULL;

        /* An orderly end: what was told last is known, so nothing need be skipped. */
        if (g_hash_table_size(registry->vms) > 0 && !lower_ceilings(registry, &error)) {
            g_warning("generations will skip a little after the next start: %s", error->message);
        }
        registry_store_close(registry->store);
    }
    g_hash_table_unref(registry->vms);
    g_hash_table_unref(registry->groups);
    g_free(registry);
}

/* Stores @change; only then does memory follow. @change's name is borrowed. */
static gboolean commit(Registry *registry, const RegistryVm *change, GError **error)
{
    RegistryVm *old = g_hash_table_lookup(registry->vms, change->uuid);
    RegistryVm *vm;

    if (!registry_store_put(registry->store, change, error)) {
        return FALSE;
    }
    vm = g_memdup2(change, sizeof(*change));
    vm->name = g_strdup(change->name);
    if (old) {
        count_member(registry, old, -1);
    }
    count_member(registry, vm, 1);
    g_hash_table_replace(registry->vms, vm->uuid, vm);
    return TRUE;
}

static RegistryVm *find(Registry *registry, const uint8_t *uuid, GError **error)
{
    RegistryVm *vm = g_hash_table_lookup(registry->vms, uuid);

    if (!vm || !vm->registered) {
        g_autofree char *text = dq_uuid_format(uuid);

        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_UNKNOWN,
                    "VM %s is not registered; use vtpm-managerctl register %s", text, text);
        return NULL;
    }
    return vm;
}

const RegistryVm *registry_find(Registry *registry, const uint8_t *uuid)
{
    RegistryVm *vm = g_hash_table_lookup(registry->vms, uuid);

    return vm && vm->registered ? vm : NULL;
}

static gint by_uuid(gconstpointer a, gconstpointer b)
{
    const RegistryVm *const *x = a;
    const RegistryVm *const *y = b;

    return memcmp((*x)->uuid, (*y)->uuid, DEEPQUOTE_UUID_SIZE);
}

GPtrArray *registry_list(Registry *registry)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, registry->vms);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((RegistryVm *)value)->registered) {
            g_ptr_array_add(list, value);
        }
    }
    g_ptr_array_sort(list, by_uuid);
    return list;
}

gboolean registry_register(Registry *registry, const uint8_t *uuid, uid_t owner, const char *name,
                           const char *group, WireBytes ek, GError **error)
{
    const RegistryVm *old = g_hash_table_lookup(registry->vms, uuid);
    g_autofree char *own_name = g_strndup(name ? name : "", REGISTRY_NAME_MAX);
    RegistryVm vm = { 0 };

    if (old && old->registered) {
        g_autofree char *text = dq_uuid_format(uuid);

        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_EXISTS,
                    "VM %s is registered already; unregister it first to change it", text);
        return FALSE;
    }
    if (old) {
        vm = *old;
    }
    memcpy(vm.uuid, uuid, sizeof(vm.uuid));
    vm.name = own_name;
    vm.group = registry_group(registry, group ? group : REGISTRY_GROUP_DEFAULT, error);
    if (!vm.group) {
        return FALSE;
    }
    vm.owner = owner;
    vm.registered = TRUE;
    vm.enabled = TRUE;
    vm.created = now();
    vm.removed = 0;
    g_return_val_if_fail(ek.len <= sizeof(vm.ek), FALSE);
    vm.ek_len = ek.len;
    if (ek.len > 0) {
        memcpy(vm.ek, ek.p, ek.len);
    }
    return commit(registry, &vm, error);
}

gboolean registry_unregister(Registry *registry, const uint8_t *uuid, GError **error)
{
    const RegistryVm *old = find(registry, uuid, error);
    RegistryVm vm;

    if (!old) {
        return FALSE;
    }
    vm = *old;
    vm.registered = FALSE;
    vm.group = g_hash_table_lookup(registry->groups, REGISTRY_GROUP_DEFAULT);
    vm.removed = now();
    return commit(registry, &vm, error);
}

gboolean registry_enable(Registry *registry, const uint8_t *uuid, gboolean enabled, GError **error)
{
    const RegistryVm *old = find(registry, uuid, error);
    RegistryVm vm;

    if (!old) {
        return FALSE;
    }
    vm = *old;
    vm.enabled = enabled;
    return commit(registry, &vm, error);
}

/* ------------------------------------------------------------------------------------- groups */

const RegistryGroup *registry_group(Registry *registry, const char *name, GError **error)
{
    const RegistryGroup *group = g_hash_table_lookup(registry->groups, name);

    if (!group) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_UNKNOWN,
                    "there is no group %s; make it with vtpm-managerctl group %s --weight N", name,
                    name);
    }
    return group;
}

gboolean registry_group_set(Registry *registry, const char *name, guint weight, GError **error)
{
    gsize size = strlen(name);
    RegistryGroup *group;

    if (size < 1 || size > REGISTRY_NAME_MAX || weight < 1 || weight > REGISTRY_WEIGHT_MAX) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "a group has a name of 1 to %d bytes and a weight of 1 to %d",
                    REGISTRY_NAME_MAX, REGISTRY_WEIGHT_MAX);
        return FALSE;
    }
    if (!registry_store_put_group(registry->store, name, weight, error)) {
        return FALSE;
    }
    group = g_hash_table_lookup(registry->groups, name);
    if (group) {
        group->weight = weight;
    } else {
        take_group(name, weight, registry);
    }
    return TRUE;
}

gboolean registry_group_remove(Registry *registry, const char *name, GError **error)
{
    const RegistryGroup *group = registry_group(registry, name, error);

    if (!group) {
        return FALSE;
    }
    if (g_str_equal(name, REGISTRY_GROUP_DEFAULT)) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "the group %s cannot be removed: new VMs are in it", name);
        return FALSE;
    }
    if (group->members > 0) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "%u VM(s) are in the group %s; move them with vtpm-managerctl move first",
                    group->members, name);
        return FALSE;
    }
    if (!registry_store_remove_group(registry->store, name, error)) {
        return FALSE;
    }
    g_hash_table_remove(registry->groups, name);
    return TRUE;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const RegistryGroup *const *x = a;
    const RegistryGroup *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

GPtrArray *registry_groups(Registry *registry)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, registry->groups);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        g_ptr_array_add(list, value);
    }
    g_ptr_array_sort(list, by_name);
    return list;
}

gboolean registry_move(Registry *registry, const uint8_t *uuid, const char *group, GError **error)
{
    const RegistryVm *old = find(registry, uuid, error);
    RegistryVm vm;

    if (!old) {
        return FALSE;
    }
    vm = *old;
    vm.group = registry_group(registry, group, error);
    return vm.group && commit(registry, &vm, error);
}

/* --------------------------------------------------------------------------------- generations */

gboolean registry_begin(Registry *registry, const uint8_t *uuid, const uint8_t *instance,
                        GError **error)
{
    RegistryVm *old = find(registry, uuid, error);
    RegistryVm vm;

    if (!old) {
        return FALSE;
    }
    if (old->begun && memcmp(old->instance, instance, sizeof(old->instance)) == 0) {
        return TRUE;
    }
    vm = *old;
    vm.begun = TRUE;
    memcpy(vm.instance, instance, sizeof(vm.instance));
    vm.epoch++;
    vm.base = vm.exact || !old->begun ? vm.generation : vm.ceiling;
    vm.generation = vm.base;
    vm.exact = TRUE;
    vm.ceiling = vm.base + CEILING_STEP;
    vm.seen = now();
    return commit(registry, &vm, error);
}

gboolean registry_pin_ek(Registry *registry, const uint8_t *uuid, WireBytes ek, GError **error)
{
    const RegistryVm *old = find(registry, uuid, error);
    RegistryVm vm;

    if (!old) {
        return FALSE;
    }
    if (wire_bytes_equal((WireBytes){ old->ek, old->ek_len }, ek)) {
        return TRUE;
    }
    if (old->ek_len > 0 || ek.len > sizeof(vm.ek)) {
        g_autofree char *text = dq_uuid_format(uuid);

        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "VM %s shows another endorsement key than before; if its vTPM was made anew on "
                    "purpose, unregister and register it",
                    text);
        return FALSE;
    }
    vm = *old;
    vm.ek_len = ek.len;
    memcpy(vm.ek, ek.p, ek.len);
    return commit(registry, &vm, error);
}

static gboolean raise_ceiling(Registry *registry, const RegistryVm *old, uint64_t generation,
                              GError **error)
{
    RegistryVm vm = *old;

    vm.generation = generation;
    vm.exact = TRUE;
    vm.ceiling = generation + CEILING_STEP;
    vm.seen = now();
    return commit(registry, &vm, error);
}

gboolean registry_advance(Registry *registry, const uint8_t *uuid, uint64_t commits, GError **error)
{
    RegistryVm *vm = find(registry, uuid, error);
    uint64_t generation;

    if (!vm) {
        return FALSE;
    }
    /* The file's integers are signed, and no vTPM commits that often. */
    generation = commits < COMMITS_MAX ? vm->base + commits : 0;
    if (commits >= COMMITS_MAX || generation < vm->generation) {
        g_autofree char *text = dq_uuid_format(uuid);

        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "VM %s counts fewer committed states than it told before; restart its vTPM",
                    text);
        return FALSE;
    }
    if (generation > vm->ceiling) {
        return raise_ceiling(registry, vm, generation, error);
    }
    vm->generation = generation;
    vm->exact = TRUE;
    vm->seen = now();
    return TRUE;
}
