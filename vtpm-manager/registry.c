/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry.h"

#include <string.h>

#include "attest/deepquote.h"
#include "registry_store.h"

G_DEFINE_QUARK(registry_error, registry_error)

#define CEILING_STEP G_GUINT64_CONSTANT(4096)
#define COMMITS_MAX (G_GUINT64_CONSTANT(1) << 48)

struct Registry {
    RegistryStore *store;
    GHashTable *vms; /* uuid -> RegistryVm, tombstones included */
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

static void take_row(RegistryVm *vm, void *data)
{
    Registry *registry = data;

    g_hash_table_replace(registry->vms, vm->uuid, vm);
}

Registry *registry_open(const char *path, GError **error)
{
    g_autoptr(Registry) registry = g_new0(Registry, 1);

    registry->vms = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, vm_free);
    registry->store = registry_store_open(path, error);
    if (!registry->store || !registry_store_load(registry->store, take_row, registry, error)) {
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
    g_free(registry);
}

/* Stores @change; only then does memory follow. @change's name is borrowed. */
static gboolean commit(Registry *registry, const RegistryVm *change, GError **error)
{
    RegistryVm *vm;

    if (!registry_store_put(registry->store, change, error)) {
        return FALSE;
    }
    vm = g_memdup2(change, sizeof(*change));
    vm->name = g_strdup(change->name);
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
                           WireBytes ek, GError **error)
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
