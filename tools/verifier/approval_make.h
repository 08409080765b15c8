/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list that is to be signed, from options. */
#ifndef VERIFIER_APPROVAL_MAKE_H
#define VERIFIER_APPROVAL_MAKE_H

#include <glib.h>

/** approval_make_command: a CommandRun. */
int approval_make_command(char **argv, GError **error);

#endif
