/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm edit: what can be changed of a VM. */
#ifndef TOOLS_HOST_VM_EDIT_H
#define TOOLS_HOST_VM_EDIT_H

#include "vm_command.h"

VmRun vm_edit;

#endif
