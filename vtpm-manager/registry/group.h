/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of VMs, each with its share of the host's TPM. */
#ifndef VTPM_MANAGER_REGISTRY_GROUP_H
#define VTPM_MANAGER_REGISTRY_GROUP_H

#include "registry/store.h"

typedef struct RegistryGroups RegistryGroups;

/** groups_new: none; @store is borrowed, and where changes go first. */
RegistryGroups *groups_new(RegistryStore *store);
void groups_free(RegistryGroups *groups);

/** groups_take: a group that is stored; copied, and as yet without members. */
void groups_take(RegistryGroups *groups, const RegistryGroup *group);

/** groups_find: borrowed until it is removed. Errors: REGISTRY_ERROR_UNKNOWN. */
const RegistryGroup *groups_find(const RegistryGroups *groups, const char *name, GError **error);

/** groups_list: (transfer container) (element-type RegistryGroup): by name. */
GPtrArray *groups_list(const RegistryGroups *groups);

/**
 * groups_set: makes a group, or changes its weight.
 * @name: 1 to REGISTRY_NAME_MAX bytes
 * @weight: 1 to REGISTRY_WEIGHT_MAX
 *
 * Errors: REGISTRY_ERROR_CONFLICT for another name or weight, REGISTRY_ERROR_STORAGE.
 */
gboolean groups_set(RegistryGroups *groups, const char *name, guint weight,
                    const RegistryAuthor *by, GError **error);

/**
 * groups_remove: a group that has no members.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_CONFLICT where it has members or is the default,
 * REGISTRY_ERROR_STORAGE.
 */
gboolean groups_remove(RegistryGroups *groups, const char *name, const RegistryAuthor *by,
                       GError **error);

/**
 * groups_ensure_seed: gives the group @name, which is there, a seed if it has none, on the disk
 * before this returns.
 *
 * Errors: REGISTRY_ERROR_STORAGE.
 */
gboolean groups_ensure_seed(RegistryGroups *groups, const char *name, GError **error);

/** groups_count: @change more members of the group @name, which is there. */
void groups_count(RegistryGroups *groups, const char *name, int change);

#endif
