/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host remembers of VMs and groups: an SQLite file, and the same in memory.
 *
 * Everything is looked up in memory. A change is stored first and then made in memory, so that
 * what could not be stored never happened.
 */
#ifndef VTPM_MANAGER_REGISTRY_REGISTRY_H
#define VTPM_MANAGER_REGISTRY_REGISTRY_H

#include "registry/error.h"
#include "registry/vm.h"

typedef struct Registry Registry;

/**
 * registry_open:
 * @path: made where it is missing
 *
 * Errors: REGISTRY_ERROR_STORAGE, also for a file that a newer version made.
 */
Registry *registry_open(const char *path, GError **error);

/** registry_reload: what the file holds now. What was found in it before is freed. */
gboolean registry_reload(Registry *registry, GError **error);

/** registry_is_missing: whether registry_open() would begin with an empty one. */
gboolean registry_is_missing(const char *path);

/** registry_close: stores what was only in memory. */
void registry_close(Registry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Registry, registry_close)

/** registry_vms, registry_groups, registry_store: the registry's. */
RegistryVms *registry_vms(const Registry *registry);
RegistryGroups *registry_groups(const Registry *registry);
RegistryStore *registry_store(const Registry *registry);

#endif
