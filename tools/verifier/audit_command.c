/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal of a store: listed, checked, decided again, pruned. */
#include "audit_command.h"

#include "audit_entry.h"
#include "command.h"
#include "record_text.h"

#include "appraise/time-stamp.h"
#include "attest/bytes.h"
#include "common/escape.h"
#include "common/input.h"
#include "common/output.h"
#include "store/store-journal.h"

#include <stdio.h>
#include <string.h>

/** The command line as it was given. */
static struct {
    char *store, *since, *head, *prune, *request, *stamp, *roots;
    gboolean verify, json;
} opt;

static const GOptionEntry entries[] = {
    COMMAND_STORE(&opt.store),
    { "verify", 0, 0, G_OPTION_ARG_NONE, &opt.verify,
      "Decide each again from what was recorded, and compare", NULL },
    { "since", 0, 0, G_OPTION_ARG_STRING, &opt.since, "Show those from this date on", "DATE" },
    { "head", 0, 0, G_OPTION_ARG_STRING, &opt.head,
      "The journal has to hold this entry, which was its last one when it was noted",
      "NUMBER:HASH" },
    { "stamp-request", 0, 0, G_OPTION_ARG_FILENAME, &opt.request,
      "Write a request for a time stamp of the head (RFC 3161), unless something is wrong",
      "FILE" },
    { "stamp", 0, 0, G_OPTION_ARG_FILENAME, &opt.stamp,
      "The journal has to hold the entry that was stamped with this", "FILE" },
    { "stamp-roots", 0, 0, G_OPTION_ARG_FILENAME, &opt.roots,
      "Certificates of those whose time stamps are good, PEM", "FILE" },
    { "prune-before", 0, 0, G_OPTION_ARG_STRING, &opt.prune,
      "Remove the entries before this date first, which is recorded", "DATE" },
    COMMAND_JSON(&opt.json),
    { 0 },
};

/** What is looked for on the way through the journal. */
typedef struct Audit {
    DqStoreFile *store;
    int64_t since;
    DqChain chain;
    int64_t head_number; /* 0: no head is looked for */
    uint8_t head_hash[DQ_HASH_SIZE];
    gboolean head_seen, head_good;
    uint8_t stamped[DQ_HASH_SIZE]; /* hash of an entry */
    int64_t stamped_at;            /* 0: no time stamp was given */
    int64_t stamped_number;        /* of that entry; 0: it was not seen */
    guint count, wrong;            /* entries shown or not, and those with something wrong */
    char *last;                    /* hash of the last one */
} Audit;

/* ------------------------------------------------------------------------------ Arguments */

static gboolean read_date(const char *option, const char *text, int64_t *ret, GError **error)
{
    if (text && !text_read_time(text, ret)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s %s: give a date as 2026-12-31 or 2026-12-31T12:00:00Z", option, text);
        return FALSE;
    }
    return TRUE;
}

static gboolean read_head(Audit *a, GError **error)
{
    g_auto(GStrv) words = opt.head ? g_strsplit(opt.head, ":", -1) : NULL;
    g_autoptr(GBytes) hash = NULL;

    if (!opt.head) {
        return TRUE;
    }
    hash = g_strv_length(words) == 2 ? dq_hex_decode(words[1], NULL) : NULL;
    if (!hash || g_bytes_get_size(hash) != DQ_HASH_SIZE ||
        !g_ascii_string_to_signed(words[0], 10, 1, G_MAXINT64, &a->head_number, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--head %s: give the NUMBER:HASH that an earlier audit printed last", opt.head);
        return FALSE;
    }
    memcpy(a->head_hash, g_bytes_get_data(hash, NULL), DQ_HASH_SIZE);
    return TRUE;
}

static gboolean read_stamp(Audit *a, GError **error)
{
    g_autoptr(GBytes) response = NULL;
    gboolean good;

    if (!opt.stamp != !opt.roots) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "--stamp FILE and --stamp-roots FILE belong together");
        return FALSE;
    }
    if (!opt.stamp) {
        return TRUE;
    }
    response = input_read(opt.stamp, DQ_TIME_STAMP_MAX, error);
    good = response && dq_time_stamp_read(dq_bytes_peek(response), opt.roots, a->stamped,
                                          &a->stamped_at, error);
    if (response) {
        g_prefix_error(error, "--stamp %s: ", opt.stamp);
    }
    return good;
}

/* ------------------------------------------------------------------------------ Showing */

static const char *const faults[] = {
    [DQ_ENTRY_ALTERED] = "altered",
    [DQ_ENTRY_MOVED] = "moved",
    [DQ_ENTRY_GAP] = "removed-before",
    [DQ_ENTRY_UNLINKED] = "unlinked",
};

static void show_json(const AuditEntry *e)
{
    JsonObject *o = json_object_new();
    JsonArray *wrong = json_array_new();

    json_object_set_int_member(o, "number", e->number);
    json_set_text(o, "hash", e->hash);
    json_set_time(o, "at", e->at);
    json_set_text(o, "verdict", audit_entry_said(e, "verdict", NULL));
    json_set_text(o, "reason", audit_entry_said(e, "reason", NULL));
    json_set_text(o, "vm", audit_entry_said(e, "vm", "uuid"));
    json_set_text(o, "host", audit_entry_said(e, "host", "name"));
    if (e->pruned > 0) {
        json_object_set_int_member(o, "prunedUpTo", e->pruned);
    }
    json_set_text(o, "fault", faults[e->fault]);
    json_set_text(o, "again", e->again);
    for (guint i = 0; i < e->wrong->len; i++) {
        json_array_add_string_element(wrong, e->wrong->pdata[i]);
    }
    json_object_set_array_member(o, "wrong", wrong);
    json_print(o);
}

/* What a journal says may have been changed by anybody. */
static void put(const char *before, const char *text, const char *after)
{
    g_autofree char *shown = text ? escape_text(text, 200) : NULL;

    if (shown) {
        printf("%s%s%s", before, shown, after);
    }
}

static void show_text(const AuditEntry *e)
{
    g_autofree char *at = text_time(e->at);

    printf("%s %" G_GINT64_FORMAT "  %s",
           e->wrong->len > 0 ? "✗"
           : e->again        ? "✓"
                             : " ",
           e->number, at ? at : "-");
    put("  vm ", audit_entry_said(e, "vm", "uuid"), "");
    put("  ", audit_entry_said(e, "verdict", NULL), "");
    put(" (", audit_entry_said(e, "reason", NULL), ")");
    if (e->pruned > 0) {
        printf("  entries up to %" G_GINT64_FORMAT " were pruned", e->pruned);
    }
    putchar('\n');
    for (guint i = 0; i < e->wrong->len; i++) {
        put("    ", e->wrong->pdata[i], "\n");
    }
}

/* Something that is wrong with the whole; FALSE. */
static gboolean fail(const char *format, ...) G_GNUC_PRINTF(1, 2);

static gboolean fail(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (opt.json) {
        JsonObject *o = json_object_new();

        json_set_text(o, "wrong", text);
        json_print(o);
    } else {
        printf("✗ %s\n", text);
    }
    return FALSE;
}

/* ------------------------------------------------------------------------------ The whole */

static void look_for_head(Audit *a, const DqStoredEntry *stored, DqEntryFault fault)
{
    if (stored->number == a->head_number) {
        a->head_seen = TRUE;
        a->head_good = fault != DQ_ENTRY_ALTERED && fault != DQ_ENTRY_MOVED &&
                       memcmp(stored->hash, a->head_hash, DQ_HASH_SIZE) == 0;
    }
}

static void look_for_stamped(Audit *a, const DqStoredEntry *stored, DqEntryFault fault)
{
    if (fault != DQ_ENTRY_ALTERED && fault != DQ_ENTRY_MOVED &&
        memcmp(stored->hash, a->stamped, DQ_HASH_SIZE) == 0) {
        a->stamped_number = stored->number;
    }
}

static gboolean look_at(Audit *a, const DqStoredEntry *stored, GError **error)
{
    g_autoptr(AuditEntry) e = audit_entry(a->store, &a->chain, stored, opt.verify, error);

    if (!e) {
        return FALSE;
    }
    look_for_head(a, stored, e->fault);
    look_for_stamped(a, stored, e->fault);
    a->count++;
    a->wrong += e->wrong->len > 0 ? 1 : 0;
    g_free(a->last);
    a->last = g_strdup(e->hash);
    if (e->wrong->len > 0 || e->at >= a->since) {
        (opt.json ? show_json : show_text)(e);
    }
    return TRUE;
}

static gboolean look_at_all(Audit *a, GError **error)
{
    gboolean found = TRUE, good = TRUE;
    int64_t number = 0;

    while (found && good) {
        DqStoredEntry stored = { 0 };

        good = dq_store_file_next_entry(a->store, number, &found, &stored, error);
        if (good && found) {
            number = stored.number;
            good = look_at(a, &stored, error);
        }
        g_clear_pointer(&stored.text, g_bytes_unref);
    }
    return good;
}

static gboolean begins_well(const Audit *a)
{
    return dq_chain_begins_well(&a->chain) ||
           fail("entries were removed: 1 to %" G_GINT64_FORMAT
                " are missing, and no entry says that they were pruned",
                a->chain.first - 1);
}

/* The head may be the last of those that were pruned. */
static gboolean has_head(const Audit *a)
{
    if (a->head_number == 0 || a->head_good) {
        return TRUE;
    }
    if (a->head_seen) {
        return fail("entry %" G_GINT64_FORMAT " is not the one that --head names: it, or an entry "
                    "before it, was written anew",
                    a->head_number);
    }
    if (a->head_number > a->chain.last) {
        return fail("entries were removed at the end: the last one is %" G_GINT64_FORMAT
                    ", and --head is %" G_GINT64_FORMAT,
                    a->chain.last, a->head_number);
    }
    if (a->head_number == a->chain.first - 1 &&
        memcmp(a->chain.before, a->head_hash, DQ_HASH_SIZE) == 0) {
        return TRUE;
    }
    return fail("entry %" G_GINT64_FORMAT ", which --head names, is not there: name a later one "
                "where it was pruned",
                a->head_number);
}

/* As with a head, it may be the last of those that were pruned. */
static gboolean has_stamped(Audit *a)
{
    g_autofree char *at = text_time(a->stamped_at);

    if (a->stamped_number == 0 && a->chain.first > 1 &&
        memcmp(a->chain.before, a->stamped, DQ_HASH_SIZE) == 0) {
        a->stamped_number = a->chain.first - 1;
    }
    return a->stamped_at == 0 || a->stamped_number > 0 ||
           fail("the entry that was stamped at %s is not there: it, or one before it, was removed "
                "or written anew, or it was pruned",
                at);
}

static gboolean write_request(const Audit *a, GError **error)
{
    g_autoptr(GBytes) request = NULL;
    g_autoptr(Output) output = output_new();

    if (!opt.request) {
        return TRUE;
    }
    if (!a->last) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "--stamp-request: the journal has no entry that could be stamped");
        return FALSE;
    }
    request = dq_time_stamp_request(a->chain.head);
    output_add(output, opt.request, request);
    return output_write(output, error);
}

static void show_stamped_json(const Audit *a, JsonObject *o)
{
    if (a->stamped_number > 0) {
        json_object_set_int_member(o, "stampedEntry", a->stamped_number);
        json_set_time(o, "stampedAt", a->stamped_at);
    }
}

static void show_stamped(const Audit *a)
{
    g_autofree char *at = text_time(a->stamped_at);

    if (a->stamped_number > 0) {
        printf("entry %" G_GINT64_FORMAT " and those before it were there at %s\n",
               a->stamped_number, at);
    }
}

static void show_end(const Audit *a)
{
    if (opt.json) {
        JsonObject *o = json_object_new();

        json_object_set_int_member(o, "entries", a->count);
        json_object_set_int_member(o, "entriesWrong", a->wrong);
        if (a->last) {
            g_autofree char *head =
                g_strdup_printf("%" G_GINT64_FORMAT ":%s", a->chain.last, a->last);

            json_set_text(o, "head", head);
        }
        show_stamped_json(a, o);
        json_print(o);
        return;
    }
    printf("entries: %u; with something wrong: %u%s\n", a->count, a->wrong,
           opt.verify ? "" : "; --verify decides each again");
    show_stamped(a);
    if (a->last) {
        printf("head %" G_GINT64_FORMAT ":%s\n", a->chain.last, a->last);
    }
}

static int audit(Audit *a, GError **error)
{
    gboolean good;

    if (!look_at_all(a, error)) {
        return EXIT_UNUSABLE;
    }
    good = begins_well(a);
    good = has_head(a) && good;
    good = has_stamped(a) && good && a->wrong == 0;
    show_end(a);
    if (good && !write_request(a, error)) {
        return EXIT_UNUSABLE;
    }
    return good ? EXIT_DONE : EXIT_REFUSED;
}

static gboolean prune(DqStoreFile *store, GError **error)
{
    int64_t before = 0, count;

    if (!opt.prune) {
        return TRUE;
    }
    if (!read_date("--prune-before", opt.prune, &before, error) ||
        !dq_store_file_prune(store, before, command_now(), &count, error)) {
        return FALSE;
    }
    fprintf(stderr, "pruned: %" G_GINT64_FORMAT "\n", count);
    return TRUE;
}

int audit_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(entries, argv, "- check the verdicts that were recorded", 0, error);
    g_autoptr(DqStoreFile) store = NULL;
    Audit a = { 0 };
    int status;

    if (!words || !read_date("--since", opt.since, &a.since, error) || !read_head(&a, error) ||
        !read_stamp(&a, error)) {
        return EXIT_UNUSABLE;
    }
    store = command_open_store(opt.store, error);
    if (!store || !prune(store, error)) {
        return EXIT_UNUSABLE;
    }
    a.store = store;
    status = audit(&a, error);
    g_free(a.last);
    return status;
}
