/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_HOST_COMMAND_H
#define VERIFIER_HOST_COMMAND_H

#include <glib.h>

/** host_command: host add, list, renew, revoke, remove. A CommandRun. */
int host_command(char **argv, GError **error);

#endif
