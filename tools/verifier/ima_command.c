/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ima_command.h"

#include "appraise/ima-fields.h"
#include "appraise/ima-replay.h"
#include "appraise/ima-text.h"
#include "command.h"
#include "common/input.h"
#include "log_fields.h"
#include "log_pcrs.h"
#include "pcr_values.h"
#include "record_text.h"
#include "wire/tpm-constants.h"

#include <stdio.h>
#include <string.h>

/** The command line as it was given. */
static struct {
    char *pcrs;
    gboolean json;
} opt;

static const GOptionEntry show_entries[] = {
    { "pcrs", 0, 0, G_OPTION_ARG_FILENAME, &opt.pcrs,
      "Values of PCRs as tpm2_pcrread prints them, to compare with; or which PCRs to show",
      "FILE|LIST" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "Print a line of JSON for each entry and PCR",
      NULL },
    { 0 },
};

/** Whether the entry that ties the list to the boot's PCRs does. */
typedef enum Aggregate {
    AGGREGATE_NOT_COMPARED,
    AGGREGATE_SAME,
    AGGREGATE_DIFFERS,
} Aggregate;

static void print_json(const DqImaEntry *entry, const GArray *fields)
{
    g_autofree char *template = g_strndup((const char *)entry->template.p, entry->template.len);
    JsonObject *o = json_object_new();

    json_object_set_int_member(o, "entry", (int64_t)entry->number);
    json_object_set_int_member(o, "offset", (int64_t)entry->offset);
    json_object_set_int_member(o, "pcr", entry->pcr);
    json_set_text(o, "template", template);
    json_set_hex(o, "digest", entry->digest.p, entry->digest.len);
    json_object_set_boolean_member(o, "violation", entry->violation);
    json_object_set_array_member(o, "fields", log_fields_json(fields));
    json_print(o);
}

static void print_text(const DqImaEntry *entry, const GArray *fields)
{
    g_autofree char *template = g_strndup((const char *)entry->template.p, entry->template.len);

    printf("%6" G_GUINT64_FORMAT " %4u  %-10s  ", entry->number, entry->pcr, template);
    log_fields_print(fields);
    puts(entry->violation ? "  ✗ violation: it was open for writing" : "");
}

static gboolean print_entries(WireBytes list, GError **error)
{
    DqImaWalk walk = dq_ima_walk(list, 0, 0);
    g_autoptr(GError) problem = NULL;
    DqImaEntry entry;

    if (!opt.json) {
        puts(" entry  PCR  template    what it says");
    }
    while (dq_ima_next(&walk, &entry, &problem)) {
        g_autoptr(GArray) fields = dq_ima_text(&entry);

        if (opt.json) {
            print_json(&entry, fields);
        } else {
            print_text(&entry, fields);
        }
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    return TRUE;
}

/* As a PCR of an event log: the entries that lead to its value. */
static DqPcrReplay as_pcr(const DqImaReplay *r, WireBytes quoted)
{
    DqPcrReplay p = { .alg = r->state.alg,
                      .pcr = r->state.pcr,
                      .quoted = quoted,
                      .outcome = r->outcome,
                      .events = (guint)r->state.count,
                      .last = r->state.count > 0 ? (guint)r->state.count - 1 : 0,
                      .altered = (guint)r->altered,
                      .size = r->outcome == DQ_PCR_NO_HASH ? 0 : r->state.size };

    memcpy(p.value, r->state.value, sizeof(p.value));
    return p;
}

/* The worse of two exit statuses. */
static int worse(int a, int b)
{
    return a == EXIT_REFUSED || b == EXIT_DONE ? a : b;
}

/* A violation leaves open what was used: it is not refused here, nor does it pass. */
static gboolean print_pcr(WireBytes list, const PcrValue *v, int *inout_status, GError **error)
{
    const DqImaState start = dq_ima_start(v->alg, v->pcr);
    const WireBytes quoted = { v->value, v->size };
    g_autofree char *said = NULL;
    DqImaReplay r;
    DqPcrReplay p;

    if (!dq_ima_replay(list, &start, quoted, &r, error)) {
        return FALSE;
    }
    said = dq_ima_replay_say(&r);
    p = as_pcr(&r, quoted);
    log_pcrs_print(&p, said, opt.json);
    *inout_status = worse(*inout_status, log_pcrs_status(&p, 1));
    *inout_status = worse(*inout_status, r.violations > 0 ? EXIT_AUTHENTIC : EXIT_DONE);
    return TRUE;
}

static Aggregate check_aggregate(WireBytes list, const GArray *values)
{
    DqImaWalk walk = dq_ima_walk(list, 0, 0);
    WireBytes pcrs[DQ_IMA_PCR];
    DqImaEntry first;
    uint16_t alg;

    alg = dq_ima_next(&walk, &first, NULL) ? dq_ima_aggregate(&first) : 0;
    for (guint i = 0; i < DQ_IMA_PCR; i++) {
        const PcrValue *v = pcr_values_find(values, alg, i);

        if (!v || v->size == 0) {
            return AGGREGATE_NOT_COMPARED;
        }
        pcrs[i] = (WireBytes){ v->value, v->size };
    }
    return dq_ima_aggregate_is(&first, pcrs) ? AGGREGATE_SAME : AGGREGATE_DIFFERS;
}

static int print_aggregate(Aggregate aggregate)
{
    static const struct {
        const char *word, *said;
        int status;
    } says[] = {
        [AGGREGATE_NOT_COMPARED] = { "not-compared",
                                     "- boot_aggregate: give PCRs 0 to 9 of its bank to compare it",
                                     EXIT_AUTHENTIC },
        [AGGREGATE_SAME] = { "same", "✓ boot_aggregate is the digest of PCRs 0 to 9", EXIT_DONE },
        [AGGREGATE_DIFFERS] = { "differs",
                                "✗ boot_aggregate is not the digest of these PCRs: the list is of "
                                "another boot",
                                EXIT_REFUSED },
    };

    if (opt.json) {
        JsonObject *o = json_object_new();

        json_set_text(o, "bootAggregate", says[aggregate].word);
        json_print(o);
    } else {
        puts(says[aggregate].said);
    }
    return says[aggregate].status;
}

/* PCR 10 in each bank of @values. */
static int print_pcrs(WireBytes list, const GArray *values, GError **error)
{
    int status = EXIT_DONE;
    gboolean compared = FALSE;

    for (guint i = 0; i < values->len; i++) {
        const PcrValue *v = &g_array_index(values, PcrValue, i);

        if (v->pcr == DQ_IMA_PCR) {
            compared |= v->size > 0;
            if (!print_pcr(list, v, &status, error)) {
                return EXIT_UNUSABLE;
            }
        }
    }
    return compared ? worse(status, print_aggregate(check_aggregate(list, values))) : status;
}

static gboolean has_pcr(const GArray *values)
{
    for (guint i = 0; i < values->len; i++) {
        if (g_array_index(values, PcrValue, i).pcr == DQ_IMA_PCR) {
            return TRUE;
        }
    }
    return FALSE;
}

static GArray *default_values(void)
{
    GArray *values = g_array_new(FALSE, TRUE, sizeof(PcrValue));
    const PcrValue v[] = { { .alg = TPM_ALG_SHA1, .pcr = DQ_IMA_PCR },
                           { .alg = TPM_ALG_SHA256, .pcr = DQ_IMA_PCR } };

    return g_array_append_vals(values, v, G_N_ELEMENTS(v));
}

static int show_list(const char *path, WireBytes list, const GArray *values, GError **error)
{
    if (!print_entries(list, error)) {
        g_autofree char *name = g_filename_display_name(path);

        g_prefix_error(error, "%s: ", name);
        return EXIT_REFUSED;
    }
    if (!opt.json) {
        puts("\nPCR to which these entries lead");
    }
    return print_pcrs(list, values, error);
}

static int show_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        show_entries, argv, "FILE - show IMA's list, and to which PCR it leads", 1, error);
    g_autoptr(GArray) values = NULL;
    g_autoptr(GBytes) bytes = NULL;

    if (!words || (opt.pcrs && !log_pcrs_read(opt.pcrs, &values, error))) {
        return EXIT_UNUSABLE;
    }
    if (!values) {
        values = default_values();
    }
    if (!has_pcr(values)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--pcrs: name PCR %d, into which IMA measures", DQ_IMA_PCR);
        return EXIT_UNUSABLE;
    }
    bytes = input_read(words[1], DQ_IMA_LIST_MAX, error);
    if (!bytes) {
        return EXIT_UNUSABLE;
    }
    return show_list(words[1],
                     (WireBytes){ g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes) }, values,
                     error);
}

int ima_command(char **argv, GError **error)
{
    static const Command commands[] = { { "show", show_command }, { 0 } };

    return command_run_one(commands, argv, "show", error);
}
