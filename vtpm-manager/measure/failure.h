/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why something cannot be told of a process. */
#ifndef VTPM_MANAGER_MEASURE_FAILURE_H
#define VTPM_MANAGER_MEASURE_FAILURE_H

#include <glib.h>

/** measure_fail: sets @error, of G_FILE_ERROR. Returns: %FALSE */
gboolean measure_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
