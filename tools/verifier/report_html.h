/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for a page. */
#ifndef VERIFIER_REPORT_HTML_H
#define VERIFIER_REPORT_HTML_H

#include <glib.h>

/** html_put: adds text; every argument is escaped, the format is not. */
void html_put(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * html_finish: (transfer full): takes @out. Whatever does not print, or would change the direction
 * in which the text around it is read, stands there as \uNNNN.
 */
char *html_finish(GString *out);

#endif
