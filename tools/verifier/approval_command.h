/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tpm2_checkdeepquote approval: what a tenant allows hosts to do with a group of VMs. */
#ifndef VERIFIER_APPROVAL_COMMAND_H
#define VERIFIER_APPROVAL_COMMAND_H

#include <glib.h>

/** approval_command: a CommandRun. */
int approval_command(char **argv, GError **error);

#endif
