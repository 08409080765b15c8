/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_CHALLENGE_COMMAND_H
#define VERIFIER_CHALLENGE_COMMAND_H

#include <glib.h>

/** challenge_command: challenge: issues challenges. A CommandRun. */
int challenge_command(char **argv, GError **error);

#endif
