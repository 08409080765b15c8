/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that others chose, for a terminal or a log. */
#ifndef COMMON_ESCAPE_H
#define COMMON_ESCAPE_H

#include <glib.h>

/**
 * escape_text:
 * @text: any bytes
 * @max: how many characters to show; what is left out is replaced by "..."
 *
 * Returns: (transfer full): one line in which nothing acts on a terminal: control and formatting
 * characters, backslashes and bytes that are no UTF-8 are written as \n, \u200e or \xff. Letters
 * that the locale cannot show are written so too.
 */
char *escape_text(const char *text, gsize max);

#endif
