/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where g_debug() to g_warning() go: the journal, or lines on standard error. */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <glib.h>

/** log_init: @verbose shows g_info() and g_debug() too. Call it before threads exist. */
void log_init(const char *program, gboolean verbose);

/** log_error: an error that the user has to see to. (g_critical() is for bugs, and may abort.) */
void log_error(const char *message);

#endif
