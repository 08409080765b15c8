/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_ACCEPT_COMMAND_H
#define VERIFIER_ACCEPT_COMMAND_H

#include <glib.h>

/** accept_command: accept: a new lineage, a moved VM, a host that was cleared. A CommandRun. */
int accept_command(char **argv, GError **error);

#endif
