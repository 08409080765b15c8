/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM as a row of the registry's file, and back. */
#ifndef VTPM_MANAGER_REGISTRY_ROW_H
#define VTPM_MANAGER_REGISTRY_ROW_H

#include <sqlite3.h>

#include "registry/record.h"

/** Of the table vm, in the order of registry_row_bind() and registry_row_read(). */
#define REGISTRY_ROW_COLUMNS                                                                       \
    "uuid, name, owner, registered, enabled, ek, instance, epoch, base, generation, ceiling, "     \
    "created, seen, removed, vm_group, lineage, rule, continuity, broken, accepted"

/** registry_row_bind: all columns of @vm, to parameters 1 and up. */
gboolean registry_row_bind(sqlite3_stmt *s, const RegistryVm *vm);

/**
 * registry_row_read: a row of REGISTRY_ROW_COLUMNS, stored and announced of vm_state, saved of
 * vm_saved, and seed and wrapped of vm_key.
 * @vm: zeroed; its name is owned. The column of the group is the caller's.
 *
 * Returns: %FALSE where it is damaged.
 */
gboolean registry_row_read(sqlite3_stmt *s, RegistryVm *vm);

/** registry_row_read_seed: of REGISTRY_SEED_SIZE bytes; %FALSE where @column has something else. */
gboolean registry_row_read_seed(sqlite3_stmt *s, int column, uint8_t *ret);

#endif
