/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "audit_head.h"
#include "attest/deepquote.h"
#include "common/escape.h"
#include "json.h"
#include "print.h"
#include "wire/audit.h"

/*
 * (transfer full): all of @member that the manager answers to @command, which gives some at a time;
 * NULL with the error set.
 * @ret_last: (transfer full): the last of the answers; NULL: not wanted
 */
static JsonArray *read_all(const CtlOptions *options, const char *command, const char *member,
                           JsonNode **ret_last, GError **error)
{
    g_autoptr(JsonArray) all = json_array_new();
    int64_t last = 0;
    gboolean more = TRUE;

    while (more) {
        JsonObject *request = json_object_new();
        g_autoptr(JsonNode) answer = NULL;
        JsonObject *object;
        JsonArray *page;

        json_object_set_string_member(request, "command", command);
        json_object_set_int_member(request, "after", last);
        answer = ctl_ask_object(options, request, error);
        if (!answer) {
            return NULL;
        }
        object = json_node_get_object(answer);
        page = json_object_get_array_member(object, member);
        for (guint i = 0; i < json_array_get_length(page); i++) {
            JsonObject *entry = json_array_get_object_element(page, i);

            last = number_of(entry, "number");
            json_array_add_object_element(all, json_object_ref(entry));
        }
        more = truth_of(object, "more") && json_array_get_length(page) > 0;
        if (ret_last && !more) {
            *ret_last = g_steal_pointer(&answer);
        }
    }
    return g_steal_pointer(&all);
}

/* ---------------------------------------------------------------------------------- verification
 */

static WireBytes text_bytes(JsonObject *entry, const char *member)
{
    const char *text = text_of(entry, member);

    return (WireBytes){ (const uint8_t *)text, strlen(text) };
}

/* The hash that @entry has to have after the one of @before, which becomes it. */
static gboolean next_hash(JsonObject *entry, uint8_t before[AUDIT_HASH_SIZE])
{
    g_autoptr(GChecksum) sha256 = g_checksum_new(G_CHECKSUM_SHA256);
    const AuditEntry e = { before,
                           (uint64_t)number_of(entry, "number"),
                           number_of(entry, "time"),
                           number_of(entry, "uid"),
                           text_bytes(entry, "subject"),
                           text_bytes(entry, "what"),
                           text_bytes(entry, "why") };
    uint8_t buf[AUDIT_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    gsize size = AUDIT_HASH_SIZE;

    if (!wire_put_audit(&w, &e)) {
        return FALSE;
    }
    g_checksum_update(sha256, buf, (gssize)w.len);
    g_checksum_get_digest(sha256, before, &size);
    return TRUE;
}

/* Each entry after the one before it, none left out. */
static gboolean verify(JsonArray *entries, GError **error)
{
    uint8_t hash[AUDIT_HASH_SIZE] = { 0 };

    for (guint i = 0; i < json_array_get_length(entries); i++) {
        JsonObject *entry = json_array_get_object_element(entries, i);
        g_autofree char *hex = NULL;

        if (number_of(entry, "number") != (int64_t)i + 1) {
            return audit_fail(error, (int64_t)i + 1, "is missing");
        }
        if (!next_hash(entry, hash)) {
            return audit_fail(error, (int64_t)i + 1, "is too long");
        }
        hex = dq_hex_encode(hash, sizeof(hash));
        if (!g_str_equal(hex, text_of(entry, "hash"))) {
            return audit_fail(error, (int64_t)i + 1, "does not have the hash that it has to have");
        }
    }
    return TRUE;
}

/* The entry that was the last when somebody wrote @head down: NUMBER:HASH. */
static gboolean check_head(JsonArray *entries, const char *head, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(head, ":", 2);
    uint64_t number;
    JsonObject *entry;

    if (!parts[0] || !parts[1] || strlen(parts[1]) != (gsize)2 * AUDIT_HASH_SIZE ||
        !g_ascii_string_to_unsigned(parts[0], 10, 1, G_MAXINT64, &number, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--head %s: give what audit --verify printed, NUMBER:HASH", head);
        return FALSE;
    }
    if (number > json_array_get_length(entries)) {
        return audit_fail(error, (int64_t)number, "was there, and is missing");
    }
    entry = json_array_get_object_element(entries, (guint)number - 1);
    return g_ascii_strcasecmp(text_of(entry, "hash"), parts[1]) == 0 ||
           audit_fail(error, (int64_t)number, "is not the one that it was");
}

/* The key that the user knows as the host's, or else that the manager says in @answer. */
static DqKey *read_ak(const CtlOptions *options, JsonNode *answer, GError **error)
{
    g_autoptr(GBytes) public = NULL;

    if (options->ak) {
        return dq_key_new_from_file(options->ak, error);
    }
    public = dq_hex_decode(text_of(json_node_get_object(answer), "public"), error);
    return public ? dq_key_new(g_bytes_get_data(public, NULL), g_bytes_get_size(public), error)
                  : NULL;
}

/*
 * What is signed of @entries, by what is printed last.
 * @heads: read before them, so that each is of one that was there
 * @answer: what they came with
 */
static gboolean check_signatures(const CtlOptions *options, JsonArray *entries, JsonArray *heads,
                                 JsonNode *answer, AuditSigned *ret, GError **error)
{
    g_autoptr(DqKey) key = NULL;

    *ret = (AuditSigned){ 0 };
    if (json_array_get_length(heads) > 0) {
        key = read_ak(options, answer, error);
        if (!key || !audit_heads_check(entries, heads, key, ret, error)) {
            return FALSE;
        }
    }
    if (options->ak && ret->number == 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "no entry of the audit log is signed by the key in %s: audit --sign has the "
                    "host's TPM sign the last one, with its present key",
                    options->ak);
        return FALSE;
    }
    return TRUE;
}

static gboolean ask_signature(const CtlOptions *options, GError **error)
{
    JsonObject *request = json_object_new();
    g_autoptr(JsonNode) answer = NULL;

    json_object_set_string_member(request, "command", "audit-sign");
    answer = ctl_ask_object(options, request, error);
    return answer != NULL;
}

/* -------------------------------------------------------------------------------------- for people
 */

static void print_entry(JsonObject *entry)
{
    g_autofree char *time = ctl_time_text(number_of(entry, "time"));
    g_autofree char *subject = escape_text(text_of(entry, "subject"), AUDIT_TEXT_MAX);
    g_autofree char *what = escape_text(text_of(entry, "what"), AUDIT_TEXT_MAX);
    g_autofree char *why = escape_text(text_of(entry, "why"), AUDIT_TEXT_MAX);
    const int64_t uid = number_of(entry, "uid");
    g_autofree char *who =
        uid < 0 ? g_strdup("the manager") : g_strdup_printf("user %" G_GINT64_FORMAT, uid);

    printf("%" G_GINT64_FORMAT "  %s  %s%s%s: %s%s%s%s\n", number_of(entry, "number"), time, who,
           *subject ? ", " : "", subject, what, *why ? " (" : "", why, *why ? ")" : "");
}

static void print_head(JsonArray *entries)
{
    const guint count = json_array_get_length(entries);
    JsonObject *last = count > 0 ? json_array_get_object_element(entries, count - 1) : NULL;

    if (last) {
        printf("%u:%s\n", count, text_of(last, "hash"));
    }
}

static void print_signed(const CtlOptions *options, JsonArray *entries, const AuditSigned *said)
{
    g_autofree char *time = ctl_time_text(said->time);

    if (said->number > 0) {
        printf("signed: up to %" G_GINT64_FORMAT " of %u, %s, with %s\n", said->number,
               json_array_get_length(entries), time,
               options->ak ? options->ak : "the key that the manager says is the host's");
    }
    if (said->others > 0) {
        printf("not verified: %u by other keys\n", said->others);
    }
}

static void print(const CtlOptions *options, JsonArray *entries, const AuditSigned *said)
{
    if (options->json) {
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_ARRAY);

        json_node_set_array(node, entries);
        ctl_print_json(node);
    } else if (options->verify || options->sign || options->ak) {
        print_head(entries);
        print_signed(options, entries, said);
    } else {
        for (guint i = 0; i < json_array_get_length(entries); i++) {
            print_entry(json_array_get_object_element(entries, i));
        }
    }
}

int ctl_audit(const CtlOptions *options, char **words, GError **error)
{
    const gboolean verifying = options->verify || options->head || options->sign || options->ak;
    g_autoptr(JsonNode) answer = NULL;
    g_autoptr(JsonArray) heads = NULL;
    g_autoptr(JsonArray) entries = NULL;
    AuditSigned said = { 0 };

    if (g_strv_length(words) != 2) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "audit takes no argument");
        return EXIT_FAILURE;
    }
    if (options->sign && !ask_signature(options, error)) {
        return EXIT_FAILURE;
    }
    if (verifying) {
        heads = read_all(options, "audit-heads", "heads", &answer, error);
        if (!heads) {
            return EXIT_FAILURE;
        }
    }
    entries = read_all(options, "audit", "entries", NULL, error);
    if (!entries ||
        (verifying && (!verify(entries, error) ||
                       !check_signatures(options, entries, heads, answer, &said, error))) ||
        (options->head && !check_head(entries, options->head, error))) {
        return EXIT_FAILURE;
    }
    print(options, entries, &said);
    return EXIT_SUCCESS;
}
