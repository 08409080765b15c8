/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_VM_COMMAND_H
#define VERIFIER_VM_COMMAND_H

#include <glib.h>

/** vm_command: vm add, list, remove. A CommandRun. */
int vm_command(char **argv, GError **error);

#endif
