/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_PROFILE_COMMAND_H
#define VERIFIER_PROFILE_COMMAND_H

#include <glib.h>

/** profile_command: makes profiles and compares them. A CommandRun. */
int profile_command(char **argv, GError **error);

#endif
