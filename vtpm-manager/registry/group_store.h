/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of groups. Each function is one transaction: all of it is stored, or nothing. */
#ifndef VTPM_MANAGER_REGISTRY_GROUP_STORE_H
#define VTPM_MANAGER_REGISTRY_GROUP_STORE_H

#include "registry/store.h"

/**
 * group_store_put: adds @group, or replaces what is stored of it.
 * @group: its seed and its approval are stored where it has them
 */
gboolean group_store_put(RegistryStore *store, const RegistryGroup *group, const RegistryNote *note,
                         GError **error);

/** group_store_remove: all rows of the group @name. */
gboolean group_store_remove(RegistryStore *store, const char *name, const RegistryNote *note,
                            GError **error);

#endif
