/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_CHECK_COMMAND_H
#define VERIFIER_CHECK_COMMAND_H

#include <glib.h>

/** check_command: verification, which is what the program does without another command. A
 * CommandRun. */
int check_command(char **argv, GError **error);

#endif
