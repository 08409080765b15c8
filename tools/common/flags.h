/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a deep quote is to hold besides, as people name it. */
#ifndef COMMON_FLAGS_H
#define COMMON_FLAGS_H

#include <glib.h>
#include <stdint.h>

/** FLAGS_NAMES: what flags_parse() knows, for help. */
#define FLAGS_NAMES "uuid,measurements,group-info,group-key,launch"

/**
 * flags_parse:
 * @text: a number, or names with commas between them
 * @ret: DEEPQUOTE_HASH_UUID and so on: flags of TPM2_DeepQuote
 *
 * Errors: G_OPTION_ERROR.
 */
gboolean flags_parse(const char *text, uint32_t *ret, GError **error);

#endif
