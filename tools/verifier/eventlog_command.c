/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eventlog_command.h"

#include "appraise/event-check.h"
#include "appraise/event-text.h"
#include "appraise/event-type.h"
#include "appraise/replay-text.h"
#include "appraise/systemd-log.h"
#include "command.h"
#include "common/input.h"
#include "log_fields.h"
#include "log_pcrs.h"
#include "pcr_values.h"
#include "record_text.h"
#include "systemd_log_show.h"
#include "wire/tpm-constants.h"

#include <stdio.h>

/** The command line as it was given. */
static struct {
    char *pcrs, *after;
    gboolean json;
} opt;

static const GOptionEntry show_entries[] = {
    { "pcrs", 0, 0, G_OPTION_ARG_FILENAME, &opt.pcrs,
      "Values of PCRs as tpm2_pcrread prints them, to compare with; or which PCRs to show",
      "FILE|LIST" },
    { "after", 0, 0, G_OPTION_ARG_FILENAME, &opt.after,
      "The firmware's event log that a log of systemd goes on from (PCRs begin as zeroes)",
      "FILE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "Print a line of JSON for each event and PCR",
      NULL },
    { 0 },
};

static const char *const check_words[] = {
    [DQ_EVENT_CHECK_NONE] = "not-in-the-log",
    [DQ_EVENT_CHECK_SAME] = "same",
    [DQ_EVENT_CHECK_DIFFERS] = "differs",
};

static JsonObject *json_digests(const DqEvent *event)
{
    JsonObject *o = json_object_new();

    for (guint i = 0; i < event->digests; i++) {
        const DqEventDigest *d = &event->digest[i];
        char text[8];

        json_set_hex(o, log_hash_name(d->alg, text), d->bytes.p, d->bytes.len);
    }
    return o;
}

static void print_json(const DqEvent *event, const char *type, const DqEventText *text)
{
    JsonObject *o = json_object_new();
    uint16_t alg;

    json_object_set_int_member(o, "event", event->number);
    json_object_set_int_member(o, "offset", (int64_t)event->offset);
    json_object_set_int_member(o, "pcr", event->pcr);
    json_object_set_int_member(o, "type", event->type);
    json_set_text(o, "typeName", type);
    json_set_text(o, "what", text->what);
    json_object_set_array_member(o, "fields", log_fields_json(text->fields));
    json_set_text(o, "dataDigest", check_words[dq_event_check(event, &alg)]);
    json_object_set_object_member(o, "digests", json_digests(event));
    json_object_set_int_member(o, "dataSize", (int64_t)event->data.len);
    json_print(o);
}

static void print_text(const DqEvent *event, const char *type, const DqEventText *text)
{
    char number[12], hash[8];
    uint16_t alg;

    g_snprintf(number, sizeof(number), "0x%08x", event->type);
    if (event->type == DQ_EV_NO_ACTION) {
        printf("%4u     -  ", event->number);
    } else {
        printf("%4u %5u  ", event->number, event->pcr);
    }
    printf("%-35s  %s: ", type ? type : number, text->what);
    log_fields_print(text->fields);
    putchar('\n');
    if (dq_event_check(event, &alg) == DQ_EVENT_CHECK_DIFFERS) {
        printf("            ✗ this is not what was measured: its %s digest is another\n",
               log_hash_name(alg, hash));
    }
}

/* All events up to the first that is none. */
static gboolean print_events(const DqEventLog *log, GError **error)
{
    DqEventWalk walk = dq_event_walk(log);
    g_autoptr(GError) problem = NULL;
    DqEvent event;

    if (!opt.json) {
        puts("event  PCR  type                                 what it says");
    }
    while (dq_event_next(&walk, &event, &problem)) {
        g_auto(DqEventText) text = dq_event_text(&event);
        const DqEventKind *kind = dq_event_kind(event.type);

        if (opt.json) {
            print_json(&event, kind ? kind->name : NULL, &text);
        } else {
            print_text(&event, kind ? kind->name : NULL, &text);
        }
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    return TRUE;
}

static GArray *replay_values(const DqEventLog *log, const GArray *values, GError **error)
{
    g_autoptr(GArray) pcrs = g_array_new(FALSE, TRUE, sizeof(DqPcrReplay));

    for (guint i = 0; i < values->len; i++) {
        const PcrValue *v = &g_array_index(values, PcrValue, i);
        const DqPcrReplay p = { .alg = v->alg, .pcr = v->pcr, .quoted = { v->value, v->size } };

        g_array_append_val(pcrs, p);
    }
    if (!dq_replay(log, (DqPcrReplay *)pcrs->data, pcrs->len, error)) {
        return NULL;
    }
    return g_steal_pointer(&pcrs);
}

/* The SHA-256 bank where there is one; other banks have the same events. */
static void keep_one_bank(GArray *pcrs)
{
    gboolean has_sha256 = FALSE;

    for (guint i = 0; i < pcrs->len; i++) {
        has_sha256 |= g_array_index(pcrs, DqPcrReplay, i).alg == TPM_ALG_SHA256;
    }
    for (guint i = pcrs->len; has_sha256 && i > 0; i--) {
        if (g_array_index(pcrs, DqPcrReplay, i - 1).alg != TPM_ALG_SHA256) {
            g_array_remove_index(pcrs, i - 1);
        }
    }
}

static int print_pcrs(const DqEventLog *log, const GArray *values, GError **error)
{
    g_autoptr(GArray) pcrs =
        values ? replay_values(log, values, error) : dq_replay_pcrs(log, error);

    if (!pcrs) {
        return EXIT_UNUSABLE;
    }
    if (!values) {
        keep_one_bank(pcrs);
    }
    if (!opt.json) {
        puts("\nPCRs to which these events lead");
    }
    for (guint i = 0; i < pcrs->len; i++) {
        const DqPcrReplay *p = &g_array_index(pcrs, DqPcrReplay, i);
        g_autofree char *said = dq_replay_say(p);

        log_pcrs_print(p, said, opt.json);
    }
    return log_pcrs_status((const DqPcrReplay *)pcrs->data, pcrs->len);
}

static int show_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        show_entries, argv,
        "FILE - show the event log of a firmware, or of systemd, and to which PCRs it leads", 1,
        error);
    g_autoptr(GArray) values = NULL;
    g_autoptr(GBytes) bytes = NULL;
    DqEventLog log;

    if (!words || (opt.pcrs && !log_pcrs_read(opt.pcrs, &values, error))) {
        return EXIT_UNUSABLE;
    }
    bytes = input_read(words[1], DQ_EVENT_LOG_MAX, error);
    if (!bytes) {
        return EXIT_UNUSABLE;
    }
    if (dq_systemd_log_is((WireBytes){ g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes) })) {
        return systemd_log_show(words[1], bytes, opt.after, values, opt.json, error);
    }
    if (!dq_event_log_open((WireBytes){ g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes) },
                           &log, error) ||
        !print_events(&log, error)) {
        g_autofree char *name = g_filename_display_name(words[1]);

        g_prefix_error(error, "%s: ", name);
        return EXIT_REFUSED;
    }
    return print_pcrs(&log, values, error);
}

int eventlog_command(char **argv, GError **error)
{
    static const Command commands[] = { { "show", show_command }, { 0 } };

    return command_run_one(commands, argv, "show", error);
}
