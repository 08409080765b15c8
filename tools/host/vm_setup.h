/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a new vTPM: swtpm_setup makes it, with certificates of the manager's authority or of
 * the host's local CA.
 */
#ifndef TOOLS_HOST_VM_SETUP_H
#define TOOLS_HOST_VM_SETUP_H

#include "options.h"
#include "vm_unit.h"

/**
 * vm_setup: makes the folder @unit->state with a new TPM in it. systemd gives it to the unit's
 * user when that starts.
 * @ret_ek: (transfer full): the Name of its endorsement key; NULL where nobody certifies it, which
 *     is who is told the key
 *
 * Errors: G_IO_ERROR, also where the folder is there; G_FILE_ERROR. Then nothing is left.
 */
gboolean vm_setup(const VmUnit *unit, const CtlOptions *options, char **ret_ek, GError **error);

#endif
