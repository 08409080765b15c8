/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/registry.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "registry/file.h"

struct Registry {
    RegistryStore *store;
    RegistryGroups *groups;
    RegistryVms *vms;
};

static void take_group(const RegistryGroup *group, void *data)
{
    Registry *registry = data;

    groups_take(registry->groups, group);
}

static gboolean take_vm(RegistryVm *vm, const char *group, void *data)
{
    Registry *registry = data;

    return vms_take(registry->vms, vm, group);
}

gboolean registry_reload(Registry *registry, GError **error)
{
    const RegistryStoreReader reader = { take_group, take_vm, registry };

    if (!registry_store_load(registry->store, &reader, error)) {
        return FALSE;
    }
    if (!groups_find(registry->groups, REGISTRY_GROUP_DEFAULT, NULL)) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE,
                    "the registry %s has lost its default group: restore it from a backup",
                    registry_store_file(registry->store)->path);
        return FALSE;
    }
    return TRUE;
}

static void registry_free(Registry *registry)
{
    vms_free(registry->vms);
    groups_free(registry->groups);
    registry_store_close(registry->store);
    g_free(registry);
}

gboolean registry_is_missing(const char *path)
{
    GStatBuf st;

    return g_stat(path, &st) == 0 ? st.st_size == 0 : errno == ENOENT;
}

Registry *registry_open(const char *path, GError **error)
{
    Registry *registry = g_new0(Registry, 1);

    registry->store = registry_store_open(path, error);
    if (registry->store) {
        registry->groups = groups_new(registry->store);
        registry->vms = vms_new(registry->store, registry->groups);
    }
    if (!registry->store || !registry_reload(registry, error)) {
        registry_free(registry);
        return NULL;
    }
    return registry;
}

void registry_close(Registry *registry)
{
    g_autoptr(GError) error = NULL;

    if (!registry) {
        return;
    }
    /* An orderly end: the last generation reported is known, so none need be skipped. */
    if (!vms_settle(registry->vms, &error)) {
        g_warning("generations will skip a little after the next start: %s", error->message);
    }
    registry_free(registry);
}

RegistryVms *registry_vms(const Registry *registry)
{
    return registry->vms;
}

RegistryGroups *registry_groups(const Registry *registry)
{
    return registry->groups;
}

RegistryStore *registry_store(const Registry *registry)
{
    return registry->store;
}
