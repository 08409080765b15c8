/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command on a VM whose vTPM is a unit looks like; vm.c has the table of them. */
#ifndef TOOLS_HOST_VM_COMMAND_H
#define TOOLS_HOST_VM_COMMAND_H

#include <json-glib/json-glib.h>

#include "options.h"
#include "vm_unit.h"

/**
 * VmRun: does a command.
 * @words: what follows the UUID
 *
 * Returns: (transfer full): what there is to show, for programs; NULL with the error set.
 */
typedef JsonObject *VmRun(const VmUnit *unit, const CtlOptions *options, char **words,
                          GError **error);

#endif
