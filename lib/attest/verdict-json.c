/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON form of a verdict. Numbers of 64 bits are strings: JSON readers may keep only 53. */
#include "attest/verdict.h"

static const char *const result_words[] = {
    [DQ_RESULT_NOT_RUN] = "not-run", [DQ_RESULT_PASS] = "pass",
    [DQ_RESULT_FAIL] = "fail",       [DQ_RESULT_NOT_COMPARED] = "not-compared",
    [DQ_RESULT_WARNING] = "warning",
};

/* @text is ours: UTF-8 without control characters but perhaps with file names in it. */
static void put_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, *c);
        } else if ((guchar)*c < 0x20) {
            g_string_append_printf(out, "\\u%04x", (guchar)*c);
        } else {
            g_string_append_c(out, *c);
        }
    }
    g_string_append_c(out, '"');
}

static void put_hex(GString *out, const char *key, const uint8_t *data, gsize len)
{
    g_autofree char *hex = dq_hex_encode(data, len);

    g_string_append_printf(out, "\"%s\": \"%s\", ", key, hex);
}

static void put_u64(GString *out, const char *key, uint64_t value, const char *after)
{
    g_string_append_printf(out, "\"%s\": \"%" G_GUINT64_FORMAT "\"%s", key, value, after);
}

/* RFC 3339, as other dates; null for a host that is not enrolled. */
static void put_enrolment(GString *out, const DqFacts *f)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(f->host_enrolled);
    g_autofree char *text = time ? g_date_time_format(time, "\"%Y-%m-%dT%H:%M:%SZ\"") : NULL;

    g_string_append_printf(out, "\"enrolledBy\": %s, \"enrolled\": %s, ",
                           f->host_enrolled == 0 ? "null"
                           : f->host_by_proof    ? "\"proof\""
                                                 : "\"word\"",
                           f->host_enrolled == 0 || !text ? "null" : text);
}

static void put_text(GString *out, const char *key, const char *text)
{
    g_string_append_printf(out, "\"%s\": ", key);
    put_string(out, text);
    g_string_append(out, ", ");
}

/* null for a host that was not enrolled by proof. */
static void put_ek(GString *out, const DqEkFacts *ek)
{
    g_autoptr(GDateTime) time = ek ? g_date_time_new_from_unix_utc(ek->expires) : NULL;
    g_autofree char *expires = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;

    g_string_append(out, "\"ekCertificate\": ");
    if (!ek) {
        g_string_append(out, "null, ");
        return;
    }
    g_string_append_c(out, '{');
    put_text(out, "manufacturer", ek->manufacturer);
    put_text(out, "model", ek->model);
    put_text(out, "version", ek->version);
    put_text(out, "serial", ek->serial);
    put_text(out, "issuer", ek->issuer);
    g_string_append_printf(out, "\"expires\": \"%s\"}, ", expires ? expires : "");
}

static void put_facts(GString *out, const DqFacts *f)
{
    g_autofree char *uuid = dq_uuid_format(f->uuid);

    g_string_append_printf(out, ", \"vm\": {\"uuid\": \"%s\", ", uuid);
    put_hex(out, "signer", f->vtpm_signer, f->vtpm_signer_len);
    put_hex(out, "ek", f->vtpm_ek, f->vtpm_ek_len);
    put_hex(out, "lineage", f->lineage, sizeof(f->lineage));
    put_u64(out, "epoch", f->epoch, ", ");
    put_u64(out, "generation", f->generation, ", ");
    g_string_append_printf(out, "\"tpm\": \"%s\"}, ", f->vtpm_is_tpm12 ? "1.2" : "2.0");
    g_string_append(out, "\"host\": {");
    put_hex(out, "name", f->host_name, f->host_name_len);
    put_enrolment(out, f);
    put_ek(out, f->host_ek);
    g_string_append_printf(out, "\"resetCount\": %u, \"restartCount\": %u, \"clockSafe\": %s, ",
                           f->host_reset_count, f->host_restart_count,
                           f->host_clock_safe ? "true" : "false");
    put_u64(out, "clock", f->host_clock, ", ");
    put_u64(out, "firmwareVersion", f->host_firmware, "}, ");
    g_string_append(out, "\"batch\": {");
    put_u64(out, "treeSize", f->tree_size, ", ");
    put_u64(out, "leafIndex", f->leaf_index, "}");
}

/* An element of a list; @first: of the list. */
static void put_result(GString *out, gboolean first, const char *key, DqFinding result)
{
    g_string_append_printf(out, "%s{\"%s\": ", first ? "" : ", ", key);
    put_string(out, result.word);
    g_string_append(out, ", \"result\": ");
    put_string(out, result_words[result.result]);
    g_string_append(out, ", \"detail\": ");
    put_string(out, result.detail);
    g_string_append_c(out, '}');
}

static void put_checks(GString *out, const DqVerdict *v)
{
    g_string_append(out, ", \"checks\": [");
    for (unsigned i = 0; i < DQ_CHECKS; i++) {
        const DqCheck check = (DqCheck)i;

        put_result(out, i == 0, "check",
                   (DqFinding){ dq_check_word(check), dq_verdict_get_result(v, check),
                                dq_verdict_get_detail(v, check) });
    }
    g_string_append_c(out, ']');
}

/* Nothing where nothing was appraised. */
static void put_findings(GString *out, const DqVerdict *v)
{
    const guint count = dq_verdict_get_findings(v);

    g_string_append(out, count > 0 ? ", \"findings\": [" : "");
    for (guint i = 0; i < count; i++) {
        put_result(out, i == 0, "finding", dq_verdict_get_finding(v, i));
    }
    g_string_append(out, count > 0 ? "]" : "");
}

static const char *truth(gboolean value)
{
    return value ? "true" : "false";
}

static void put_outcome(GString *out, const DqVerdict *verdict)
{
    const char *reason = dq_verdict_get_reason(verdict);
    const DqFacts *f = dq_verdict_get_facts(verdict);

    g_string_append(out, "{\"verdict\": ");
    put_string(out, dq_outcome_word(dq_verdict_get_outcome(verdict)));
    g_string_append(out, ", \"reason\": ");
    if (reason) {
        put_string(out, reason);
    } else {
        g_string_append(out, "null");
    }
    g_string_append_printf(out, ", \"vouchedBy\": %s",
                           !f || reason              ? "null"
                           : f->vtpm_signer_len == 0 ? "\"host\""
                                                     : "\"vtpm\"");
    g_string_append_printf(out, ", \"simulated\": %s, \"firstSeen\": %s, \"channel\": \"%s\"",
                           truth(f && f->host_simulated), truth(f && f->first_seen),
                           f && f->channel_bound ? "bound" : "not bound");
}

char *dq_verdict_to_json(const DqVerdict *verdict)
{
    GString *out = g_string_new(NULL);

    put_outcome(out, verdict);
    put_checks(out, verdict);
    put_findings(out, verdict);
    if (dq_verdict_get_facts(verdict)) {
        put_facts(out, dq_verdict_get_facts(verdict));
    }
    g_string_append_c(out, '}');
    return g_string_free(out, FALSE);
}
