/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verdict that is read from its JSON: what a page about it needs. */
#ifndef VERIFIER_REPORT_VERDICT_H
#define VERIFIER_REPORT_VERDICT_H

#include <json-glib/json-glib.h>

/** ReportResult: from worst to best. */
typedef enum ReportResult {
    REPORT_FAIL,
    REPORT_NOT_COMPARED,
    REPORT_WARNING,
    REPORT_NOT_RUN,
    REPORT_PASS,
    REPORT_RESULTS, /* how many there are; also: none of them */
} ReportResult;

/** ReportItem: a check or a finding; borrowed. */
typedef struct ReportItem {
    const char *word;
    ReportResult result;
    const char *detail; /* "" for none */
    const char *text;   /* what a check makes sure of; "" for a finding */
} ReportItem;

typedef struct ReportVerdict {
    JsonNode *root;
    const char *outcome, *reason; /* borrowed; @reason: NULL for none */
    gboolean refused, trusted, simulated, first_seen, host_vouched;
    GArray *items;                 /* ReportItem: checks, then findings */
    JsonObject *vm, *host, *batch; /* borrowed; NULL where nothing is known of it */
} ReportVerdict;

/** report_verdict_read: NULL where it is no verdict. Errors: DQ_ERROR_VALUE. */
ReportVerdict *report_verdict_read(const char *json, GError **error);
void report_verdict_free(ReportVerdict *v);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportVerdict, report_verdict_free)

/** report_verdict_find: borrowed; NULL where there is no such check or finding. */
const ReportItem *report_verdict_find(const ReportVerdict *v, const char *word);

/** report_result_word: as a class of the page: "fail", "not-compared", "not-run", "pass". */
const char *report_result_word(ReportResult result);

#endif
