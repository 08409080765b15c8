/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TOOLS_HOST_VM_ACCEPT_H
#define TOOLS_HOST_VM_ACCEPT_H

#include "vm_command.h"

/** vm_accept: has the manager accept a break in the history of the VM's TPM; of any VM's. */
VmRun vm_accept;

#endif
