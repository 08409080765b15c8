/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_command.h"

#include "audit_entry.h"
#include "command.h"
#include "json_read.h"
#include "record_text.h"
#include "report_page.h"

#include "attest/bytes.h"
#include "common/input.h"
#include "common/output.h"
#include "store/store-journal.h"

enum { VERDICT_MAX = 16 << 20 }; /* bytes of JSON */

/** The command line as it was given. */
static struct {
    char *store, *output;
} opt;

static const GOptionEntry entries[] = {
    COMMAND_STORE(&opt.store),
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output,
      "Where to write the page (standard output)", "FILE" },
    { 0 },
};

static gboolean write_page(const char *json, const char *source, const GPtrArray *warnings,
                           GError **error)
{
    g_autofree char *page = report_page(json, source, warnings, error);

    return page && output_write_text(opt.output, page, error);
}

static gboolean report_file(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, VERDICT_MAX, error);
    const DqBytes content = bytes ? dq_bytes_peek(bytes) : (DqBytes){ NULL, 0 };
    g_autofree char *json = g_strndup((const char *)content.data, content.len);
    g_autofree char *at = text_time(command_now());
    g_autofree char *source = g_strdup_printf("Page made at %s of a verdict from a file: nothing "
                                              "here was verified anew.",
                                              at);

    if (!bytes) {
        return FALSE;
    }
    if (!write_page(json, source, NULL, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    return TRUE;
}

/* The entry, decided again; NULL with the error set where it is not there. */
static AuditEntry *find_entry(DqStoreFile *store, int64_t wanted, GError **error)
{
    DqChain chain = { 0 };
    gboolean found = TRUE;
    int64_t number = 0;

    while (found) {
        DqStoredEntry stored = { 0 };
        g_autoptr(AuditEntry) e = NULL;

        if (!dq_store_file_next_entry(store, number, &found, &stored, error)) {
            return NULL;
        }
        number = stored.number;
        e = found ? audit_entry(store, &chain, &stored, number == wanted, error) : NULL;
        g_clear_pointer(&stored.text, g_bytes_unref);
        if (found && (!e || number == wanted)) {
            return g_steal_pointer(&e);
        }
    }
    g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD,
                "the journal has no entry %" G_GINT64_FORMAT ": see audit", wanted);
    return NULL;
}

static gboolean report_recorded(const AuditEntry *e, GError **error)
{
    JsonObject *body = e->body ? json_node_get_object(e->body) : NULL;
    JsonNode *verdict = body ? json_object_get_member(body, "verdict") : NULL;
    g_autofree char *json = verdict ? json_to_string(verdict, FALSE) : NULL;
    g_autofree char *at = text_time(e->at);
    g_autofree char *source = NULL;

    if (!json) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD,
                    "entry %" G_GINT64_FORMAT " has no verdict that can be read", e->number);
        return FALSE;
    }
    source = g_strdup_printf("Entry %" G_GINT64_FORMAT " of the journal, recorded at %s, hash %s. "
                             "Decided again for this page from what was recorded: %s.",
                             e->number, at ? at : "-", e->hash, e->again ? e->again : "-");
    return write_page(json, source, e->wrong, error);
}

static gboolean report_entry(const char *number, GError **error)
{
    g_autoptr(DqStoreFile) store = NULL;
    g_autoptr(AuditEntry) e = NULL;
    int64_t wanted;

    if (!g_ascii_string_to_signed(number, 10, 1, G_MAXINT64, &wanted, error)) {
        return FALSE;
    }
    store = command_open_store(opt.store, error);
    e = store ? find_entry(store, wanted, error) : NULL;
    return e && report_recorded(e, error);
}

int report_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        entries, argv, "VERDICT | --store FILE NUMBER - make a page of a verdict", 1, error);

    if (!words) {
        return EXIT_UNUSABLE;
    }
    return (opt.store ? report_entry : report_file)(words[1], error) ? EXIT_DONE : EXIT_UNUSABLE;
}
