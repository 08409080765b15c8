/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_accept.h"

#include "vm_manager.h"

JsonObject *vm_accept(const VmUnit *unit, const CtlOptions *options, G_GNUC_UNUSED char **words,
                      GError **error)
{
    if (!options->why) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "vm accept needs --why TEXT: the manager's log keeps the reason");
        return NULL;
    }
    if (!vm_manager_set(unit, options, "accept", "why", options->why, error)) {
        return NULL;
    }
    return json_object_new();
}
