/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of a group's VMs, as a host has sealed them for its tenant. */
#ifndef VERIFIER_APPROVAL_ESCROW_H
#define VERIFIER_APPROVAL_ESCROW_H

#include <glib.h>

/** approval_escrow_command, approval_move_command: CommandRun. */
int approval_escrow_command(char **argv, GError **error);
int approval_move_command(char **argv, GError **error);

#endif
