/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "systemd_log_show.h"

#include "appraise/replay-text.h"
#include "appraise/systemd-log.h"
#include "attest/bytes.h"
#include "command.h"
#include "common/escape.h"
#include "common/input.h"
#include "log_pcrs.h"
#include "pcr_values.h"
#include "record_text.h"
#include "wire/tpm-constants.h"

#include <stdio.h>

enum { TEXT_SHOWN = 400 };

static void print_json(const DqSystemdRecord *record)
{
    JsonObject *o = json_object_new(), *digests = json_object_new();

    for (guint i = 0; i < record->digests; i++) {
        const DqSystemdDigest *d = &record->digest[i];
        char text[8];

        json_set_hex(digests, log_hash_name(d->alg, text), d->bytes, d->size);
    }
    json_object_set_int_member(o, "record", record->number);
    if (record->extends) {
        json_object_set_int_member(o, "pcr", record->pcr);
    }
    json_set_text(o, "type", record->type);
    json_set_text(o, "text", record->text);
    json_object_set_boolean_member(o, "altered", dq_systemd_is_altered(record));
    json_object_set_object_member(o, "digests", digests);
    json_print(o);
}

static void print_text(const DqSystemdRecord *record)
{
    g_autofree char *type = escape_text(record->type, TEXT_SHOWN);
    g_autofree char *text = escape_text(record->text, TEXT_SHOWN);

    if (record->extends) {
        printf("%6u %4u  %-12s  %s\n", record->number, record->pcr, type, text);
    } else {
        printf("%6u    -  %-12s  %s\n", record->number, type, text);
    }
    if (dq_systemd_is_altered(record)) {
        puts("              ✗ this is not what was measured: its digest is another");
    }
}

/* (transfer full): PcrValue of no bytes: the PCRs that the records extend. */
static GArray *pcrs_of(const GPtrArray *records)
{
    GArray *values = g_array_new(FALSE, TRUE, sizeof(PcrValue));
    uint32_t seen = 0;

    for (guint i = 0; i < records->len; i++) {
        const DqSystemdRecord *record = records->pdata[i];
        const PcrValue v = { .alg = TPM_ALG_SHA256, .pcr = record->pcr };

        if (record->extends && !(seen & 1u << record->pcr)) {
            seen |= 1u << record->pcr;
            g_array_append_val(values, v);
        }
    }
    return values;
}

/* What the firmware left of the PCRs; without its log they stay zeroes. */
static gboolean begin(const char *after, DqPcrReplay *pcrs, gsize count, GError **error)
{
    g_autoptr(GBytes) bytes = after ? input_read(after, DQ_EVENT_LOG_MAX, error) : NULL;
    gboolean ok = !after;
    DqEventLog log;

    if (bytes) {
        ok = dq_event_log_open(dq_wire(dq_bytes_peek(bytes)), &log, error) &&
             dq_replay(&log, pcrs, count, error);
        if (!ok) {
            g_prefix_error(error, "%s: ", after);
        }
    }
    return ok;
}

static int print_pcrs(const GPtrArray *records, const char *after, const GArray *values,
                      gboolean json, GError **error)
{
    g_autoptr(GArray) pcrs = g_array_new(FALSE, TRUE, sizeof(DqPcrReplay));
    DqPcrReplay *all;

    for (guint i = 0; i < values->len; i++) {
        const PcrValue *v = &g_array_index(values, PcrValue, i);
        const DqPcrReplay p = { .alg = v->alg, .pcr = v->pcr, .quoted = { v->value, v->size } };

        g_array_append_val(pcrs, p);
    }
    all = (DqPcrReplay *)pcrs->data;
    if (!begin(after, all, pcrs->len, error)) {
        return EXIT_UNUSABLE;
    }
    if (!json) {
        puts("\nPCRs to which these records lead");
    }
    for (guint i = 0; i < pcrs->len; i++) {
        g_autofree char *said = NULL;

        dq_systemd_replay(records, &all[i]);
        said = dq_replay_say(&all[i]);
        log_pcrs_print(&all[i], said, json);
    }
    return log_pcrs_status(all, pcrs->len);
}

int systemd_log_show(const char *path, GBytes *bytes, const char *after, const GArray *values,
                     gboolean json, GError **error)
{
    g_autoptr(GPtrArray) records = dq_systemd_log_parse(dq_wire(dq_bytes_peek(bytes)), error);
    g_autoptr(GArray) own = NULL;

    if (!records) {
        g_autofree char *name = g_filename_display_name(path);

        g_prefix_error(error, "%s: ", name);
        return EXIT_REFUSED;
    }
    if (!json) {
        puts("record  PCR  type          what it says");
    }
    for (guint i = 0; i < records->len; i++) {
        (json ? print_json : print_text)(records->pdata[i]);
    }
    own = pcrs_of(records);
    return print_pcrs(records, after, values ? values : own, json, error);
}
