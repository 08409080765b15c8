/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_TRACKER_FILE_H
#define VERIFIER_TRACKER_FILE_H

#include "appraise/tracker.h"

/** tracker_file_read: (transfer full): NULL with an error that names the file. */
DqTracker *tracker_file_read(const char *path, GError **error);

#endif
