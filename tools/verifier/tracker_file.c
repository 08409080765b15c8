/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tracker_file.h"

#include "attest/bytes.h"
#include "common/input.h"

DqTracker *tracker_file_read(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, DQ_TRACKER_MAX, error);
    DqTracker *tracker = bytes ? dq_tracker_new(dq_bytes_peek(bytes), error) : NULL;

    if (bytes && !tracker) {
        g_prefix_error(error, "%s: ", path);
    }
    return tracker;
}
