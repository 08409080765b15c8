/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm console-xml: what a VM's configuration needs to be connected to its vTPM. */
#ifndef TOOLS_HOST_VM_CONSOLE_H
#define TOOLS_HOST_VM_CONSOLE_H

#include "vm_command.h"

VmRun vm_console_xml;

/** vm_print_console: shows its answer to people. */
void vm_print_console(JsonObject *answer);

#endif
