/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that an answer fills. */
#ifndef TOOLS_HOST_FILES_H
#define TOOLS_HOST_FILES_H

#include <json-glib/json-glib.h>

#include "options.h"

/** ctl_write_files: what --output, -m, -s and -o ask for, whatever is printed. */
gboolean ctl_write_files(JsonObject *answer, const CtlOptions *options, GError **error);

#endif
