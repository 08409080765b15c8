/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd measured, for people and for programs. */
#ifndef VERIFIER_SYSTEMD_LOG_SHOW_H
#define VERIFIER_SYSTEMD_LOG_SHOW_H

#include <glib.h>

/**
 * systemd_log_show: prints each record, and to which PCRs they lead.
 * @path: how messages call it
 * @after: (nullable): a file with the firmware's event log, from which it goes on
 * @values: (nullable): PcrValue to compare with; else the PCRs of SHA-256
 *
 * Returns: the exit status.
 */
int systemd_log_show(const char *path, GBytes *bytes, const char *after, const GArray *values,
                     gboolean json, GError **error);

#endif
