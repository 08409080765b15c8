/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verdict as one page for people: HTML without scripts, and nothing that it would have to fetch.
 */
#ifndef VERIFIER_REPORT_PAGE_H
#define VERIFIER_REPORT_PAGE_H

#include <glib.h>

/**
 * report_page:
 * @json: a verdict, as dq_verdict_to_json() has it or a journal kept it; all in it may be anybody's
 * @source: where it is from, in words
 * @warnings: (nullable): char: what is wrong with that
 *
 * Returns: (transfer full): NULL where it is no verdict.
 * Errors: DQ_ERROR_VALUE.
 */
char *report_page(const char *json, const char *source, const GPtrArray *warnings, GError **error);

#endif
