/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_WATCH_COMMAND_H
#define VERIFIER_WATCH_COMMAND_H

#include <glib.h>

/** watch_command: see command.h. */
int watch_command(char **argv, GError **error);

#endif
