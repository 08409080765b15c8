/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm show: what there is of a VM. */
#ifndef TOOLS_HOST_VM_SHOW_H
#define TOOLS_HOST_VM_SHOW_H

#include "vm_command.h"

VmRun vm_show;

/** vm_print_show: shows its answer to people. */
void vm_print_show(JsonObject *answer);

#endif
