/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry's file. Rows are written whole, durably, and never deleted. */
#ifndef VTPM_MANAGER_REGISTRY_STORE_H
#define VTPM_MANAGER_REGISTRY_STORE_H

#include "registry/record.h"

typedef struct RegistryStore RegistryStore;

RegistryStore *registry_store_open(const char *path, GError **error);
void registry_store_close(RegistryStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RegistryStore, registry_store_close)

/** Who takes over what is stored: first all groups, then all VMs. */
typedef struct RegistryStoreReader {
    void (*group)(const char *name, guint weight, void *data);
    /* Owns @vm; %FALSE, and it is not taken, where there is no such group. */
    gboolean (*vm)(RegistryVm *vm, const char *group, void *data);
    void *data;
} RegistryStoreReader;

gboolean registry_store_load(RegistryStore *store, const RegistryStoreReader *reader,
                             GError **error);

/** registry_store_put: on disk when it returns TRUE, not at all when it returns FALSE. */
gboolean registry_store_put(RegistryStore *store, const RegistryVm *vm, GError **error);

/** registry_store_put_group, registry_store_remove_group: likewise. */
gboolean registry_store_put_group(RegistryStore *store, const char *name, guint weight,
                                  GError **error);
gboolean registry_store_remove_group(RegistryStore *store, const char *name, GError **error);

/** registry_store_put_all: each RegistryVm of @vms, or none where it returns FALSE. */
gboolean registry_store_put_all(RegistryStore *store, GPtrArray *vms, GError **error);

#endif
