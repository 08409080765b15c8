/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_report.h"

static const char *const marks[] = {
    [DQ_RESULT_NOT_RUN] = "-",
    [DQ_RESULT_PASS] = "✓",
    [DQ_RESULT_FAIL] = "✗",
};

static void report_check(FILE *out, const DqVerdict *verdict, DqCheck check)
{
    const char *detail = dq_verdict_get_detail(verdict, check);
    DqResult result = dq_verdict_get_result(verdict, check);

    fprintf(out, "%s %-18s  %s", marks[result], dq_check_word(check),
            result == DQ_RESULT_FAIL ? detail : dq_check_text(check));
    if (result == DQ_RESULT_PASS && detail[0] != '\0') {
        fprintf(out, " (%s)", detail);
    }
    fputc('\n', out);
}

static void report_facts(FILE *out, const DqFacts *f)
{
    g_autofree char *uuid = dq_uuid_format(f->uuid);
    g_autofree char *host = dq_hex_encode(f->host_name, f->host_name_len);

    fprintf(out, "vm     %s, epoch %" G_GUINT64_FORMAT ", generation %" G_GUINT64_FORMAT "\n", uuid,
            f->epoch, f->generation);
    fprintf(out, "host   %s, resets %u, restarts %u\n", host, f->host_reset_count,
            f->host_restart_count);
    fprintf(out, "batch  leaf %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT "\n", f->leaf_index + 1,
            f->tree_size);
}

void report_checks(FILE *out, const DqVerdict *verdict)
{
    for (unsigned i = 0; i < DQ_CHECKS; i++) {
        report_check(out, verdict, (DqCheck)i);
    }
    if (dq_verdict_is_trusted(verdict)) { /* else nothing of it can be relied on */
        report_facts(out, dq_verdict_get_facts(verdict));
    }
}

void report_verdict(FILE *out, const char *prefix, const DqVerdict *verdict)
{
    if (dq_verdict_is_trusted(verdict)) {
        fprintf(out, "%sverdict: trusted\n", prefix);
    } else {
        fprintf(out, "%sverdict: not trusted (%s)\n", prefix, dq_verdict_get_reason(verdict));
    }
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
    g_autofree char *text = name == NULL ? NULL : json_text(name);

    if (text != NULL) {
        fprintf(out, "{\"name\": %s, %s\n", text, json + 1); /* after its opening brace */
    } else {
        fprintf(out, "%s\n", json);
    }
}
