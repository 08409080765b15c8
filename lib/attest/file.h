/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ATTEST_FILE_H
#define ATTEST_FILE_H

#include <glib.h>

/**
 * dq_file_read:
 * @path: anything that can be read to its end
 * @max: bytes; no more than one after them is read
 *
 * Returns: (transfer full): the content of @path, @ret_len bytes.
 * Errors: G_FILE_ERROR; more than @max bytes are G_FILE_ERROR_INVAL.
 */
char *dq_file_read(const char *path, gsize max, gsize *ret_len, GError **error);

#endif
