/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_page.h"

#include "json_read.h"
#include "report_advice.h"
#include "report_chain.h"
#include "report_html.h"
#include "report_style.h"
#include "report_verdict.h"

/* ------------------------------------------------------------------------------- Beginning */

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n";

static guint count_of(const ReportVerdict *v, ReportResult result)
{
    guint count = 0;

    for (guint i = 0; i < v->items->len; i++) {
        count += g_array_index(v->items, ReportItem, i).result == result ? 1 : 0;
    }
    return count;
}

static void put_summary(GString *out, const ReportVerdict *v)
{
    const guint open = count_of(v, REPORT_NOT_COMPARED);
    const ReportItem *why = v->reason ? report_verdict_find(v, v->reason) : NULL;

    if (v->refused) {
        html_put(out, "<p><code>%s</code>: %s</p>\n", v->reason,
                 why && why->detail[0] != '\0' ? why->detail : "no more is known");
    } else if (v->trusted) {
        html_put(out,
                 "<p>Each of the %u checks and findings compared something, and all of it holds."
                 "</p>\n",
                 v->items->len);
    } else {
        html_put(out,
                 "<p>Nothing that was compared is wrong, but %u of %u checks and findings were not "
                 "compared. That "
                 "is not enough for trust.</p>\n",
                 open, v->items->len);
    }
}

static void put_notes(GString *out, const ReportVerdict *v, const GPtrArray *warnings)
{
    if (v->simulated) {
        html_put(out, "<p class=\"note\">The host's TPM is a stand-in, which is software: nothing "
                      "here is proved by hardware.</p>\n");
    }
    if (v->host_vouched && !v->refused) {
        html_put(out, "<p class=\"note\">No key of the virtual TPM signed: the host alone vouches "
                      "for the PCRs of the VM.</p>\n");
    }
    if (v->first_seen && !v->refused) {
        html_put(out, "<p class=\"note\">The VM was seen for the first time: there was no earlier "
                      "state to compare with.</p>\n");
    }
    for (guint i = 0; warnings && i < warnings->len; i++) {
        html_put(out, "<p class=\"alarm\">%s</p>\n", (const char *)warnings->pdata[i]);
    }
}

static void put_header(GString *out, const ReportVerdict *v, const char *source,
                       const GPtrArray *warnings)
{
    const char *uuid = json_read_text(v->vm, "uuid");
    g_autofree char *word = g_ascii_strup(v->outcome, -1);

    html_put(out, "<title>%s%s%s</title>\n<style>\n", v->outcome, uuid ? ": VM " : "",
             uuid ? uuid : "");
    g_string_append(out, REPORT_STYLE "</style>\n</head>\n<body>\n<main>\n");
    html_put(out, "<header class=\"%s\">\n<h1>%s</h1>\n", v->outcome, word);
    put_summary(out, v);
    put_notes(out, v, warnings);
    html_put(out, "<p class=\"soft\">%s</p>\n</header>\n", source);
}

/* ----------------------------------------------------------------------------- What to do */

static void put_open_items(GString *out, const ReportVerdict *v)
{
    for (guint i = 0; i < v->items->len; i++) {
        const ReportItem *item = &g_array_index(v->items, ReportItem, i);

        if (item->result == REPORT_NOT_COMPARED) {
            html_put(out, "<li><code>%s</code> %s</li>\n", item->word, item->detail);
        }
    }
}

/* What would tell more than the checks: findings about what runs. */
static void put_missing(GString *out, const ReportVerdict *v)
{
    static const struct {
        const char *boot, *text;
    } machines[] = {
        { "host-boot", "What runs on the host is not compared by name: send its logs, and have a "
                       "profile of it ('profile record')." },
        { "vm-boot", "What runs in the VM is not compared by name: send its logs, and have a "
                     "profile of it ('profile record')." },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(machines); i++) {
        if (!report_verdict_find(v, machines[i].boot)) {
            html_put(out, "<li>%s</li>\n", machines[i].text);
        }
    }
    if (v->simulated) {
        html_put(out, "<li>Use a host with a TPM of its own for anything but trying out.</li>\n");
    }
}

static void put_advice(GString *out, const ReportVerdict *v)
{
    const char *advice = v->reason ? report_advice(v->reason) : NULL;

    html_put(out, "<section id=\"todo\">\n<h2>What to do</h2>\n");
    if (v->refused) {
        html_put(out, "<p>%s</p>\n", advice ? advice : "tpm2_checkdeepquote(1) has each reason.");
    } else {
        html_put(out, "<ol>\n");
        put_open_items(out, v);
        put_missing(out, v);
        html_put(out, "<li>Ask again from time to time: what holds now may not hold later.</li>\n"
                      "</ol>\n");
    }
    html_put(out, "</section>\n");
}

/* ------------------------------------------------------------------------ What was compared */

static const struct {
    ReportResult result;
    const char *id;
    const char *title;
    const char *mark;
} groups[] = {
    { REPORT_FAIL, "fail", "What is wrong", "\xe2\x9c\x97" },
    { REPORT_NOT_COMPARED, "not-compared", "What was not compared", "?" },
    { REPORT_WARNING, "warning", "What somebody should look at", "!" },
    { REPORT_PASS, "pass", "What was compared and holds", "\xe2\x9c\x93" },
    { REPORT_NOT_RUN, "not-run", "What was not looked at, because something before it is wrong",
      "\xc2\xb7" },
};

static void put_item(GString *out, const ReportItem *item, const char *mark)
{
    const gboolean both =
        item->result == REPORT_PASS && item->text[0] != '\0' && item->detail[0] != '\0';

    html_put(out,
             "<tr class=\"%s\"><td class=\"mark\">%s</td><th><code>%s</code></th><td>%s%s%s</td>"
             "</tr>\n",
             report_result_word(item->result), mark, item->word,
             item->detail[0] == '\0' || both ? item->text : "", both ? ": " : "", item->detail);
}

static void put_groups(GString *out, const ReportVerdict *v)
{
    for (gsize g = 0; g < G_N_ELEMENTS(groups); g++) {
        const guint count = count_of(v, groups[g].result);

        if (count == 0) {
            continue;
        }
        html_put(out, "<section id=\"%s\">\n<h2>%s (%u)</h2>\n<table>\n", groups[g].id,
                 groups[g].title, count);
        for (guint i = 0; i < v->items->len; i++) {
            const ReportItem *item = &g_array_index(v->items, ReportItem, i);

            if (item->result == groups[g].result) {
                put_item(out, item, groups[g].mark);
            }
        }
        html_put(out, "</table>\n</section>\n");
    }
}

/* ---------------------------------------------------------------------------- What it is of */

/** Facts that are shown, in their order: members of the object, and their names for people. */
typedef struct Fact {
    const char *member, *name;
} Fact;

static const Fact vm_facts[] = {
    { "uuid", "VM" },
    { "signer", "its signing key" },
    { "ek", "its endorsement key" },
    { "lineage", "lineage of its state" },
    { "epoch", "epoch" },
    { "generation", "generation" },
    { 0 },
};

static const Fact host_facts[] = {
    { "name", "host's attestation key" },
    { "enrolledBy", "enrolled by" },
    { "enrolled", "enrolled" },
    { "firmwareVersion", "firmware of its TPM" },
    { 0 },
};

static const Fact chip_facts[] = {
    { "manufacturer", "maker of its TPM" },
    { "model", "model" },
    { "version", "version when certified" },
    { "serial", "certificate" },
    { "issuer", "issued by" },
    { "expires", "certificate expires" },
    { 0 },
};

static void put_facts(GString *out, JsonObject *o, const Fact *facts)
{
    for (guint i = 0; facts[i].member; i++) {
        const char *value = json_read_text(o, facts[i].member);

        if (value && value[0] != '\0') {
            html_put(out, "<tr><th>%s</th><td class=\"value\">%s</td></tr>\n", facts[i].name,
                     value);
        }
    }
}

static void put_identity(GString *out, const ReportVerdict *v)
{
    html_put(out, "<section id=\"about\">\n<h2>What it is about</h2>\n");
    if (v->vm || v->host) {
        html_put(out, "<table>\n");
        put_facts(out, v->vm, vm_facts);
        put_facts(out, v->host, host_facts);
        put_facts(out, json_read_object(v->host, "ekCertificate"), chip_facts);
        html_put(out, "</table>\n");
    } else {
        html_put(out, "<p>Nothing that a refused deep quote says of VM and host can be relied on."
                      "</p>\n");
    }
    html_put(out, "</section>\n");
}

char *report_page(const char *json, const char *source, const GPtrArray *warnings, GError **error)
{
    g_autoptr(ReportVerdict) v = report_verdict_read(json, error);
    GString *out;

    if (!v) {
        return NULL;
    }
    out = g_string_new(head);
    put_header(out, v, source, warnings);
    put_advice(out, v);
    html_put(out, "<section id=\"chain\">\n<h2>From the chip to the files</h2>\n");
    report_chain(out, v);
    html_put(out, "</section>\n");
    put_groups(out, v);
    put_identity(out, v);
    html_put(out, "<p class=\"soft\">This page shows a verdict and is no evidence itself: whoever "
                  "has it can change it.</p>\n</main>\n</body>\n</html>\n");
    return html_finish(out);
}
