/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_IMA_COMMAND_H
#define VERIFIER_IMA_COMMAND_H

#include <glib.h>

/** ima_command: shows the kernel's list of IMA; see CommandRun. */
int ima_command(char **argv, GError **error);

#endif
