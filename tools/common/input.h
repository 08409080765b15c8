/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people type or put into small files: numbers, key handles, nonces. */
#ifndef COMMON_INPUT_H
#define COMMON_INPUT_H

#include <glib.h>
#include <stdint.h>

/**
 * input_number:
 * @text: decimal, or hexadecimal with 0x or 0X
 *
 * tpm2-tools reads a leading zero as octal. A number that is another one then is refused.
 */
gboolean input_number(const char *text, uint64_t max, uint64_t *ret);

/**
 * input_read:
 * @path: anything that can be read, a pipe too
 *
 * Returns: (transfer full): its content.
 * Errors: G_FILE_ERROR; more than @max bytes are G_FILE_ERROR_INVAL.
 */
GBytes *input_read(const char *path, gsize max, GError **error);

/**
 * input_read_own: as input_read(), of a regular file alone: a link, pipe or device that stands in
 * its place, or is put there meanwhile, is not opened for reading.
 */
GBytes *input_read_own(const char *path, gsize max, GError **error);

/**
 * input_nonce:
 * @text: hexadecimal digits; the same after 0x or hex:; or a file that holds the bytes, which is
 *   what tpm2_quote -q takes. What could be both is refused.
 * @min, @max: how many bytes
 *
 * Returns: (transfer full): the bytes.
 * Errors: G_OPTION_ERROR; the message begins with @option and does not show the nonce.
 */
GBytes *input_nonce(const char *option, const char *text, gsize min, gsize max, GError **error);

/**
 * input_is_shallow: whether JSON has few brackets: its parser calls itself for each.
 */
gboolean input_is_shallow(const char *json, gsize len);

#endif
