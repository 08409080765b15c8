/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_report.h"
#include "record_text.h"

static const char *const marks[] = {
    [DQ_RESULT_NOT_RUN] = " ",      [DQ_RESULT_PASS] = "✓",    [DQ_RESULT_FAIL] = "✗",
    [DQ_RESULT_NOT_COMPARED] = "-", [DQ_RESULT_WARNING] = "!",
};

static void report_check(FILE *out, const DqVerdict *verdict, DqCheck check)
{
    const char *detail = dq_verdict_get_detail(verdict, check);
    DqResult result = dq_verdict_get_result(verdict, check);

    fprintf(out, "%s %-18s  ", marks[result], dq_check_word(check));
    switch (result) {
    case DQ_RESULT_NOT_RUN:
        fputs("not looked at\n", out);
        break;
    case DQ_RESULT_PASS:
        fprintf(out, detail[0] == '\0' ? "%s\n" : "%s (%s)\n", dq_check_text(check), detail);
        break;
    default:
        fprintf(out, "%s\n", detail);
    }
}

static void report_finding(FILE *out, DqFinding finding)
{
    fprintf(out, "%s %-18s  %s\n", marks[finding.result], finding.word, finding.detail);
}

static const char *how_enrolled(const DqFacts *f)
{
    return f->host_by_proof ? "by proof" : "by the operator's word";
}

static void report_facts(FILE *out, const DqFacts *f)
{
    g_autofree char *uuid = dq_uuid_format(f->uuid);
    g_autofree char *lineage = dq_hex_encode(f->lineage, sizeof(f->lineage));
    g_autofree char *host = dq_hex_encode(f->host_name, f->host_name_len);
    g_autofree char *enrolled = text_time(f->host_enrolled);

    fprintf(out, "vm       %s, epoch %" G_GUINT64_FORMAT ", generation %" G_GUINT64_FORMAT "%s\n",
            uuid, f->epoch, f->generation, f->first_seen ? ", first seen" : "");
    fprintf(out, "lineage  %s\n", lineage);
    fprintf(out, "host     %s, resets %u, restarts %u%s\n", host, f->host_reset_count,
            f->host_restart_count, f->host_simulated ? ", stand-in TPM" : "");
    if (enrolled) {
        fprintf(out, "enrolled %s, %s\n", how_enrolled(f), enrolled);
    } else {
        fputs("enrolled: no\n", out);
    }
    fprintf(out, "batch    leaf %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT "\n",
            f->leaf_index + 1, f->tree_size);
    fprintf(out, "channel: %s\n", f->channel_bound ? "bound" : "not bound");
}

void report_checks(FILE *out, const DqVerdict *verdict)
{
    for (unsigned i = 0; i < DQ_CHECKS; i++) {
        report_check(out, verdict, (DqCheck)i);
    }
    for (guint i = 0; i < dq_verdict_get_findings(verdict); i++) {
        report_finding(out, dq_verdict_get_finding(verdict, i));
    }
    if (dq_verdict_get_outcome(verdict) != DQ_REFUSED) { /* else nothing of it can be relied on */
        report_facts(out, dq_verdict_get_facts(verdict));
    }
}

void report_verdict(FILE *out, const char *prefix, const DqVerdict *verdict)
{
    const DqOutcome outcome = dq_verdict_get_outcome(verdict);
    const DqFacts *f = dq_verdict_get_facts(verdict);

    fprintf(out, "%sverdict: %s", prefix, dq_outcome_word(outcome));
    if (outcome == DQ_REFUSED) {
        fprintf(out, " (%s)\n", dq_verdict_get_reason(verdict));
        return;
    }
    fputs(f->host_simulated ? " (stand-in TPM)" : "", out);
    fputs(f->vtpm_is_tpm12 ? " (TPM 1.2, signed with SHA-1)" : "", out);
    fputs(f->vtpm_signer_len == 0 ? ", the host alone vouches for the guest's PCRs" : "", out);
    if (outcome == DQ_TRUSTED) {
        fprintf(out, ", host enrolled %s", how_enrolled(f));
    }
    fputc('\n', out);
}

/* A path may hold any byte but NUL: what JSON cannot carry is replaced. */
static char *json_text(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new("\"");

    for (const char *c = valid; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\' || (guchar)*c < 0x20) {
            g_string_append_printf(out, "\\u%04x", (guchar)*c);
        } else {
            g_string_append_c(out, *c);
        }
    }
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

void report_json(FILE *out, const char *name, const DqVerdict *verdict)
{
    g_autofree char *json = dq_verdict_to_json(verdict);
    g_autofree char *text = name ? json_text(name) : NULL;

    if (text) {
        fprintf(out, "{\"name\": %s, %s\n", text, json + 1); /* after its opening brace */
    } else {
        fprintf(out, "%s\n", json);
    }
}

void report_json_error(FILE *out, const char *name, const char *message)
{
    g_autofree char *name_text = json_text(name);
    g_autofree char *message_text = json_text(message);

    fprintf(out, "{\"name\": %s, \"verdict\": null, \"error\": %s}\n", name_text, message_text);
}
