/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_REPORT_COMMAND_H
#define VERIFIER_REPORT_COMMAND_H

#include <glib.h>

/** report_command: makes a page of a verdict, new or recorded. A CommandRun. */
int report_command(char **argv, GError **error);

#endif
