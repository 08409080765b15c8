/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_verdict.h"

#include "json_read.h"

#include "attest/deepquote.h"
#include "common/input.h"

#include <string.h>

static const char *const result_words[] = {
    [REPORT_FAIL] = "fail",       [REPORT_NOT_COMPARED] = "not-compared",
    [REPORT_WARNING] = "warning", [REPORT_NOT_RUN] = "not-run",
    [REPORT_PASS] = "pass",
};

const char *report_result_word(ReportResult result)
{
    return result_words[result];
}

void report_verdict_free(ReportVerdict *v)
{
    if (!v) {
        return;
    }
    g_clear_pointer(&v->root, json_node_unref);
    g_array_unref(v->items);
    g_free(v);
}

const ReportItem *report_verdict_find(const ReportVerdict *v, const char *word)
{
    for (guint i = 0; i < v->items->len; i++) {
        const ReportItem *item = &g_array_index(v->items, ReportItem, i);

        if (strcmp(item->word, word) == 0) {
            return item;
        }
    }
    return NULL;
}

static const char *text_of_check(const char *word)
{
    for (guint i = 0; i < DQ_CHECKS; i++) {
        if (strcmp(dq_check_word((DqCheck)i), word) == 0) {
            return dq_check_text((DqCheck)i);
        }
    }
    return "";
}

static ReportResult result_of(const char *word)
{
    for (guint i = 0; word && i < REPORT_RESULTS; i++) {
        if (strcmp(result_words[i], word) == 0) {
            return (ReportResult)i;
        }
    }
    return REPORT_RESULTS;
}

static gboolean add_item(ReportVerdict *v, JsonNode *node, const char *key)
{
    JsonObject *o = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    const char *word = json_read_text(o, key), *detail = json_read_text(o, "detail");
    const ReportItem item = { .word = word,
                              .result = result_of(json_read_text(o, "result")),
                              .detail = detail ? detail : "",
                              .text = word ? text_of_check(word) : "" };

    if (!word || item.result == REPORT_RESULTS) {
        return FALSE;
    }
    g_array_append_val(v->items, item);
    return TRUE;
}

/* A list that is not there has none. */
static gboolean add_items(ReportVerdict *v, JsonObject *o, const char *list, const char *key)
{
    JsonNode *node = json_object_get_member(o, list);
    JsonArray *a = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    gboolean ok = !node || a;

    for (guint i = 0; ok && a && i < json_array_get_length(a); i++) {
        ok = add_item(v, json_array_get_element(a, i), key);
    }
    return ok;
}

static gboolean read_outcome(ReportVerdict *v, JsonObject *o)
{
    v->outcome = json_read_text(o, "verdict");
    v->reason = json_read_text(o, "reason");
    v->refused = g_strcmp0(v->outcome, dq_outcome_word(DQ_REFUSED)) == 0;
    v->trusted = g_strcmp0(v->outcome, dq_outcome_word(DQ_TRUSTED)) == 0;
    v->simulated = json_read_truth(o, "simulated");
    v->first_seen = json_read_truth(o, "firstSeen");
    v->host_vouched = g_strcmp0(json_read_text(o, "vouchedBy"), "host") == 0;
    return (v->refused && v->reason) || v->trusted ||
           g_strcmp0(v->outcome, dq_outcome_word(DQ_AUTHENTIC)) == 0;
}

/* Whether its checks and findings bear it out: a page says no more than they do. */
static gboolean is_borne_out(const ReportVerdict *v)
{
    for (guint i = 0; !v->refused && i < v->items->len; i++) {
        const ReportResult result = g_array_index(v->items, ReportItem, i).result;

        if (result != REPORT_PASS && result != REPORT_WARNING &&
            (v->trusted || result != REPORT_NOT_COMPARED)) {
            return FALSE;
        }
    }
    return v->items->len > 0;
}

static JsonObject *read_root(const char *json)
{
    JsonNode *node = input_is_shallow(json, strlen(json)) ? json_from_string(json, NULL) : NULL;
    JsonObject *o = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_dup_object(node) : NULL;

    g_clear_pointer(&node, json_node_unref);
    return o;
}

ReportVerdict *report_verdict_read(const char *json, GError **error)
{
    g_autofree char *valid = g_utf8_make_valid(json, -1);
    JsonObject *o = read_root(valid);
    g_autoptr(ReportVerdict) v = g_new0(ReportVerdict, 1);

    v->items = g_array_new(FALSE, FALSE, sizeof(ReportItem));
    if (o) {
        v->root = json_node_init_object(json_node_alloc(), o);
        json_object_unref(o);
    }
    if (!o || !read_outcome(v, o) || !add_items(v, o, "checks", "check") ||
        !add_items(v, o, "findings", "finding") || !is_borne_out(v)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "it is no verdict: give the line that --json prints for one deep quote");
        return NULL;
    }
    if (!v->refused) { /* else nothing of it can be relied on */
        v->vm = json_read_object(o, "vm");
        v->host = json_read_object(o, "host");
        v->batch = json_read_object(o, "batch");
    }
    return g_steal_pointer(&v);
}
