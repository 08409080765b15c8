/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm run: a command as the vTPM's user. */
#ifndef TOOLS_HOST_VM_RUN_H
#define TOOLS_HOST_VM_RUN_H

#include "vm_command.h"

/** vm_run: becomes the command; returns only where that failed. */
VmRun vm_run;

#endif
