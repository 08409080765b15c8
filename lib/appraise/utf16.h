/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef APPRAISE_UTF16_H
#define APPRAISE_UTF16_H

#include <glib.h>

#include "wire/cursor.h"

/**
 * dq_utf16_text: (transfer full): little-endian UTF-16 as UTF-8, without zeroes at its end. Halves
 * of characters, zeroes within and a byte too many become U+FFFD.
 */
char *dq_utf16_text(WireBytes text);

/** dq_utf16_take: the characters up to a zero, and steps behind it. FALSE where there is no zero.
 */
gboolean dq_utf16_take(WireReader *r, WireBytes *ret_text);

#endif
