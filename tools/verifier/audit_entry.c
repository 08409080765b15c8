/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_entry.h"

#include "json_read.h"
#include "verdict_again.h"
#include "verdict_recorder.h"

#include "attest/bytes.h"
#include "common/input.h"
#include "store/store-journal.h"

#include <string.h>

void audit_entry_free(AuditEntry *e)
{
    if (!e) {
        return;
    }
    g_free(e->hash);
    g_clear_pointer(&e->body, json_node_unref);
    g_free(e->again);
    g_ptr_array_unref(e->wrong);
    g_free(e);
}

static void say(AuditEntry *e, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void say(AuditEntry *e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(e->wrong, g_strdup_vprintf(format, args));
    va_end(args);
}

static void say_fault(AuditEntry *e, const DqEntry *entry, const DqChain *before)
{
    switch (e->fault) {
    case DQ_ENTRY_ALTERED:
        say(e, "the entry was altered");
        break;
    case DQ_ENTRY_MOVED:
        say(e, "the entry was moved: it was entry %" G_GINT64_FORMAT, entry->number);
        break;
    case DQ_ENTRY_GAP:
        say(e,
            "entries were removed before it: %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
            " are missing",
            before->last + 1, e->number - 1);
        break;
    case DQ_ENTRY_UNLINKED:
        say(e,
            "it follows another entry than entry %" G_GINT64_FORMAT
            " as it is: one of the two was written anew",
            before->last);
        break;
    default:
        break;
    }
}

/* ------------------------------------------------------------------------------ What it says */

/* (transfer full): NULL for what is no object. */
static JsonNode *read_body(const DqEntry *entry)
{
    g_autofree char *text = g_strndup((const char *)entry->body, entry->body_len);
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root = NULL;

    if (strlen(text) == entry->body_len && input_is_shallow(text, entry->body_len) &&
        g_utf8_validate(text, (gssize)entry->body_len, NULL) &&
        json_parser_load_from_data(parser, text, (gssize)entry->body_len, NULL)) {
        root = json_parser_get_root(parser);
    }
    return root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_copy(root) : NULL;
}

static JsonObject *verdict_of(const AuditEntry *e)
{
    return e->body ? json_read_object(json_node_get_object(e->body), "verdict") : NULL;
}

const char *audit_entry_said(const AuditEntry *e, const char *member, const char *inner)
{
    JsonObject *verdict = verdict_of(e);

    return inner ? json_read_text(json_read_object(verdict, member), inner)
                 : json_read_text(verdict, member);
}

/* ------------------------------------------------------------------------------ Decided again */

static GBytes *fetch(const uint8_t digest[DQ_HASH_SIZE], const char *what, gpointer store,
                     GError **error)
{
    static const char *const texts[] = {
        [DQ_CONTENT_MISSING] = "was removed",
        [DQ_CONTENT_ALTERED] = "was altered",
    };
    DqContentState state;
    GBytes *content;

    if (!dq_store_file_get_content(store, digest, &state, &content, error)) {
        return NULL;
    }
    if (!content) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s %s", what, texts[state]);
    }
    return content;
}

static void compare_text(AuditEntry *e, const char *what, const char *was, const char *is)
{
    if (g_strcmp0(was, is) != 0) {
        say(e, "%s was %s, and comes out as %s", what, was ? was : "none", is ? is : "none");
    }
}

/* Lists of checks or findings, whose words are @key. Details are for people, and may change. */
static void compare_results(AuditEntry *e, JsonObject *was, JsonObject *is, const char *list,
                            const char *key)
{
    JsonNode *nodes[] = { json_object_get_member(was, list), json_object_get_member(is, list) };
    JsonArray *arrays[G_N_ELEMENTS(nodes)] = { NULL };
    guint count = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(nodes); i++) {
        if (nodes[i] && JSON_NODE_HOLDS_ARRAY(nodes[i])) {
            arrays[i] = json_node_get_array(nodes[i]);
            count = MAX(count, json_array_get_length(arrays[i]));
        }
    }
    for (guint n = 0; n < count; n++) {
        const char *words[G_N_ELEMENTS(nodes)] = { NULL }, *results[G_N_ELEMENTS(nodes)] = { NULL };

        for (gsize i = 0; i < G_N_ELEMENTS(nodes); i++) {
            JsonNode *node = arrays[i] && n < json_array_get_length(arrays[i])
                                 ? json_array_get_element(arrays[i], n)
                                 : NULL;

            if (node && JSON_NODE_HOLDS_OBJECT(node)) {
                words[i] = json_read_text(json_node_get_object(node), key);
                results[i] = json_read_text(json_node_get_object(node), "result");
            }
        }
        compare_text(e, key, words[0], words[1]);
        if (g_strcmp0(words[0], words[1]) == 0) {
            compare_text(e, words[0] ? words[0] : key, results[0], results[1]);
        }
    }
}

static void compare_facts(AuditEntry *e, JsonObject *was, JsonObject *is, const char *member)
{
    JsonNode *a = json_object_get_member(was, member), *b = json_object_get_member(is, member);

    if (!a != !b || (a && !json_node_equal(a, b))) {
        say(e, "what it says of '%s' is not what comes out", member);
    }
}

static void compare(AuditEntry *e, const DqVerdict *verdict)
{
    static const char *const facts[] = { "vm", "host", "batch" };
    g_autofree char *json = dq_verdict_to_json(verdict);
    g_autoptr(JsonNode) node = json_from_string(json, NULL);
    JsonObject *was = verdict_of(e), *is = node ? json_node_get_object(node) : NULL;
    const char *reason = dq_verdict_get_reason(verdict);
    const char *outcome = dq_outcome_word(dq_verdict_get_outcome(verdict));

    e->again = reason ? g_strdup_printf("%s (%s)", outcome, reason) : g_strdup(outcome);
    if (!was || !is) {
        say(e, "it does not say what its verdict was");
        return;
    }
    compare_text(e, "verdict", json_read_text(was, "verdict"), json_read_text(is, "verdict"));
    compare_text(e, "reason", json_read_text(was, "reason"), json_read_text(is, "reason"));
    compare_results(e, was, is, "checks", "check");
    compare_results(e, was, is, "findings", "finding");
    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++) {
        compare_facts(e, was, is, facts[i]);
    }
}

/* FALSE with the error set where the store does not work. */
static gboolean decide_again(AuditEntry *e, DqStoreFile *store, GError **error)
{
    JsonObject *o = json_read_object(json_node_get_object(e->body), "case");
    g_autoptr(GError) why = NULL;
    g_autoptr(VerdictCase) c = o ? verdict_case_read(o, fetch, store, &why) : NULL;
    g_autoptr(DqVerdict) verdict = c ? verdict_again(c, &why) : NULL;

    if (g_error_matches(why, DQ_ERROR, DQ_ERROR_STORE)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    if (verdict) {
        compare(e, verdict);
    } else {
        say(e, "it cannot be decided again: %s", why ? why->message : "its 'case' is none");
    }
    return TRUE;
}

static gboolean read_entry(AuditEntry *e, const DqEntry *entry, DqStoreFile *store, gboolean again,
                           GError **error)
{
    e->whole = TRUE;
    e->at = entry->at;
    e->kind = entry->kind;
    if (entry->kind == DQ_ENTRY_PRUNED) {
        g_autofree char *text = g_strndup((const char *)entry->body, entry->body_len);

        e->pruned = g_ascii_strtoll(text, NULL, 10);
        return TRUE;
    }
    e->body = read_body(entry);
    if (!e->body) {
        say(e, "what it says cannot be read");
        return TRUE;
    }
    return !again || decide_again(e, store, error);
}

AuditEntry *audit_entry(DqStoreFile *store, DqChain *chain, const DqStoredEntry *stored,
                        gboolean again, GError **error)
{
    g_autoptr(AuditEntry) e = g_new0(AuditEntry, 1);
    const DqChain before = *chain;
    DqEntry entry;

    e->wrong = g_ptr_array_new_with_free_func(g_free);
    e->number = stored->number;
    e->hash = dq_hex_encode(stored->hash, sizeof(stored->hash));
    e->fault = dq_chain_add(chain, stored, &entry);
    say_fault(e, &entry, &before);
    if (e->fault != DQ_ENTRY_ALTERED && !read_entry(e, &entry, store, again, error)) {
        return NULL;
    }
    return g_steal_pointer(&e);
}
