/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that an answer fills, or that a request takes. */
#ifndef TOOLS_HOST_FILES_H
#define TOOLS_HOST_FILES_H

#include <json-glib/json-glib.h>

#include "options.h"

/** ctl_write_files: what --output, -m, -s and -o ask for, whatever is printed. */
gboolean ctl_write_files(JsonObject *answer, const CtlOptions *options, GError **error);

/**
 * ctl_read_text: (transfer full): the text of a file, in ASCII, without the end of its last line.
 * @wanted: what the user is to give where it is something else
 *
 * Errors: those of input_read(), and G_OPTION_ERROR_BAD_VALUE.
 */
char *ctl_read_text(const char *path, const char *wanted, GError **error);

#endif
