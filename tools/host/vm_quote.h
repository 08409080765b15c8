/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A deep quote of a VM that its guest has no part in. */
#ifndef TOOLS_HOST_VM_QUOTE_H
#define TOOLS_HOST_VM_QUOTE_H

#include "vm_command.h"

VmRun vm_quote;
void vm_print_quote(JsonObject *answer);

#endif
