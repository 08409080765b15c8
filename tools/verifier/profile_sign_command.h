/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_PROFILE_SIGN_COMMAND_H
#define VERIFIER_PROFILE_SIGN_COMMAND_H

#include <glib.h>

/** profile_sign_command: a profile with its date, signed. */
int profile_sign_command(char **argv, GError **error);

#endif
