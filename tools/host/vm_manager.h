/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vm` commands ask of the manager. */
#ifndef TOOLS_HOST_VM_MANAGER_H
#define TOOLS_HOST_VM_MANAGER_H

#include <json-glib/json-glib.h>

#include "options.h"
#include "vm_unit.h"

/**
 * vm_manager_find:
 * @ret_vm: (transfer full): what the manager knows of the VM; NULL where it is not registered
 *
 * Errors: G_IO_ERROR.
 */
gboolean vm_manager_find(const VmUnit *unit, const CtlOptions *options, JsonObject **ret_vm,
                         GError **error);

/** vm_manager_register: by the rule of units. @ek: (nullable): the Name of its endorsement key */
gboolean vm_manager_register(const VmUnit *unit, const CtlOptions *options, const char *ek,
                             GError **error);

/** vm_manager_unregister: that it is not registered is no error. */
gboolean vm_manager_unregister(const VmUnit *unit, const CtlOptions *options, GError **error);

/** vm_manager_set: a command on the VM with one more member. */
gboolean vm_manager_set(const VmUnit *unit, const CtlOptions *options, const char *command,
                        const char *member, const char *value, GError **error);

#endif
