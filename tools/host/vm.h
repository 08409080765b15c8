/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl vm: VMs whose vTPM is a unit of systemd's. */
#ifndef TOOLS_HOST_VM_H
#define TOOLS_HOST_VM_H

#include "options.h"

/** ctl_vm: does what @words say after "vm". Returns: the exit status. Errors: of all kinds. */
int ctl_vm(const CtlOptions *options, char **words, GError **error);

/** ctl_vm_describe: adds the commands to @text, for --help. */
void ctl_vm_describe(GString *text);

#endif
