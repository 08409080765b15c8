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
 * Errors: REGISTRY_ERROR_CONFLICT for another name or weight, or where its list says another one;
 * REGISTRY_ERROR_STORAGE.
 */
gboolean groups_set(RegistryGroups *groups, const char *name, guint weight,
                    const RegistryAuthor *by, GError **error);

/**
 * groups_remove: a group that has no members. See vms_remove_group().
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

/** groups_find_seed: (nullable): the group whose seed this is now. */
const RegistryGroup *groups_find_seed(const RegistryGroups *groups, const uint8_t *seed);

/**
 * groups_set_key: gives the group @name, which is there, an approval key, once for all, and a new
 * seed. The key that it has already changes nothing.
 * @pem: a public key; see docs/specs/group-list.md
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_CONFLICT, REGISTRY_ERROR_STORAGE.
 */
gboolean groups_set_key(RegistryGroups *groups, const char *name, const char *pem,
                        const RegistryAuthor *by, GError **error);

/**
 * groups_set_list: a list that the group's approval key has signed, with its weight. The one that
 * it has already changes nothing.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_CONFLICT also where it is not newer,
 * REGISTRY_ERROR_STORAGE.
 */
gboolean groups_set_list(RegistryGroups *groups, const char *name, const char *text,
                         const RegistryAuthor *by, GError **error);

/** groups_check_room: whether @group may have one more member. Errors: REGISTRY_ERROR_CONFLICT. */
gboolean groups_check_room(const RegistryGroup *group, GError **error);

/** groups_vtpm_list: (nullable): its list, where that names the vTPMs that may answer. */
const DqGroupList *groups_vtpm_list(const RegistryGroup *group);

/** groups_count: @change more members of the group @name, which is there. */
void groups_count(RegistryGroups *groups, const char *name, int change);

#endif
