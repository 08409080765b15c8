/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm new and vm delete: a VM is made and removed. */
#ifndef TOOLS_HOST_VM_LIFE_H
#define TOOLS_HOST_VM_LIFE_H

#include "vm_command.h"

VmRun vm_new;
VmRun vm_delete;

/** vm_print_new: shows the answer of vm_new() to people. */
void vm_print_new(JsonObject *answer);

#endif
