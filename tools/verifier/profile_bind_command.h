/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_PROFILE_BIND_COMMAND_H
#define VERIFIER_PROFILE_BIND_COMMAND_H

#include <glib.h>

/** profile_bind_command, profile_unbind_command: whom a profile of the store is for. */
int profile_bind_command(char **argv, GError **error);
int profile_unbind_command(char **argv, GError **error);

/** profile_group_command, profile_ungroup_command: which group a host or VM is in. */
int profile_group_command(char **argv, GError **error);
int profile_ungroup_command(char **argv, GError **error);

#endif
