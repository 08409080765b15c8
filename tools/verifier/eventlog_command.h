/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_EVENTLOG_COMMAND_H
#define VERIFIER_EVENTLOG_COMMAND_H

#include <glib.h>

/** eventlog_command: shows a firmware's event log; see CommandRun. */
int eventlog_command(char **argv, GError **error);

#endif
