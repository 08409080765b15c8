/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_INIT_COMMAND_H
#define VERIFIER_INIT_COMMAND_H

#include <glib.h>

/** init_command: init: makes a store. A CommandRun. */
int init_command(char **argv, GError **error);

#endif
