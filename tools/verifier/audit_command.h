/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_AUDIT_COMMAND_H
#define VERIFIER_AUDIT_COMMAND_H

#include <glib.h>

/** audit_command: see command.h. */
int audit_command(char **argv, GError **error);

#endif
