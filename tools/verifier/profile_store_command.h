/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_PROFILE_STORE_COMMAND_H
#define VERIFIER_PROFILE_STORE_COMMAND_H

#include <glib.h>

/** profile_add_command, profile_list_command, profile_remove_command: profiles of a store. */
int profile_add_command(char **argv, GError **error);
int profile_list_command(char **argv, GError **error);
int profile_remove_command(char **argv, GError **error);

#endif
