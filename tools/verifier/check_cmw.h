/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A deep quote that came in one file, as a CMW collection. */
#ifndef VERIFIER_CHECK_CMW_H
#define VERIFIER_CHECK_CMW_H

#include "check_input.h"

/**
 * check_cmw_read: adds what @path has in it to what was read before.
 * @read: input_read(), or input_read_own() where others may change what is there
 *
 * Errors: DQ_CMW_ERROR; G_FILE_ERROR; DQ_ERROR_VALUE where a part is too long, or was there before.
 * The message names the file.
 */
gboolean check_cmw_read(const char *path,
                        GBytes *(*read)(const char *path, gsize max, GError **error),
                        CheckInput *input, GError **error);

#endif
