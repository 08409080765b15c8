/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/tracker.h"

#include "appraise/deb-version.h"
#include "appraise/json-fields.h"

#include <string.h>

struct DqTracker {
    JsonParser *parser;
    JsonObject *sources; /* borrowed */
};

void dq_tracker_free(DqTracker *tracker)
{
    if (tracker) {
        g_clear_object(&tracker->parser);
        g_free(tracker);
    }
}

DqTracker *dq_tracker_new(DqBytes json, GError **error)
{
    g_autoptr(DqTracker) t = g_new0(DqTracker, 1);
    JsonObjectIter walk;
    JsonNode *source;

    t->parser = dq_json_load(json.len > 0 ? (const char *)json.data : "", json.len, DQ_TRACKER_MAX,
                             DQ_ERROR, DQ_ERROR_VALUE, error);
    if (!t->parser) {
        g_prefix_error(error, "it is no file of a security tracker: ");
        return NULL;
    }
    t->sources = json_node_get_object(json_parser_get_root(t->parser));
    json_object_iter_init(&walk, t->sources);
    while (json_object_iter_next(&walk, NULL, &source)) {
        if (!JSON_NODE_HOLDS_OBJECT(source)) {
            g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "it is no file of a security tracker");
            return NULL;
        }
    }
    return g_steal_pointer(&t);
}

/* A member that is an object, of one that may be anything; NULL where it is not there. */
static JsonObject *object_of(JsonNode *node, const char *name)
{
    JsonNode *member = node && JSON_NODE_HOLDS_OBJECT(node)
                           ? dq_json_member(json_node_get_object(node), name, JSON_NODE_OBJECT)
                           : NULL;

    return member ? json_node_get_object(member) : NULL;
}

/* What a vulnerability is in a release; NULL where it is not spoken of. */
static JsonObject *state_of(JsonNode *vulnerability, const char *release)
{
    JsonObject *releases = object_of(vulnerability, "releases");
    JsonNode *state = releases ? dq_json_member(releases, release, JSON_NODE_OBJECT) : NULL;

    return state ? json_node_get_object(state) : NULL;
}

gboolean dq_tracker_knows(const DqTracker *tracker, const char *release)
{
    JsonObjectIter sources, inner;
    JsonNode *source, *vulnerability;

    json_object_iter_init(&sources, tracker->sources);
    while (json_object_iter_next(&sources, NULL, &source)) {
        json_object_iter_init(&inner, json_node_get_object(source));
        while (json_object_iter_next(&inner, NULL, &vulnerability)) {
            if (state_of(vulnerability, release)) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* An asterisk behind it says that nobody looked yet whether it is so. */
static DqUrgency urgency_of(JsonObject *state)
{
    static const struct {
        const char *word;
        DqUrgency urgency;
    } table[] = {
        { "unimportant", DQ_URGENCY_UNIMPORTANT },
        { "low", DQ_URGENCY_LOW },
        { "medium", DQ_URGENCY_MEDIUM },
    };
    const char *word = dq_json_string(state, "urgency");

    for (gsize i = 0; word && i < G_N_ELEMENTS(table); i++) {
        const gsize len = strlen(table[i].word);

        if (strncmp(word, table[i].word, len) == 0 &&
            strspn(word + len, "*") == strlen(word + len)) {
            return table[i].urgency;
        }
    }
    return DQ_URGENCY_HIGH;
}

/* What nobody has fixed has each version; the others, what is before the one that fixed it. */
static gboolean is_in(JsonObject *state, const char *version, const char **ret_fixed)
{
    const char *status = dq_json_string(state, "status");
    const char *fixed = dq_json_string(state, "fixed_version");

    if (g_strcmp0(status, "open") == 0) {
        *ret_fixed = NULL;
        return TRUE;
    }
    *ret_fixed = fixed;
    return g_strcmp0(status, "resolved") == 0 && fixed &&
           dq_deb_version_compare(version, fixed) < 0;
}

GArray *dq_tracker_find(const DqTracker *tracker, const char *release, const char *source,
                        const char *version)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(DqVulnerability));
    JsonNode *all = json_object_get_member(tracker->sources, source);
    JsonObjectIter walk;
    DqVulnerability v;
    JsonNode *node;

    if (!all) {
        return found;
    }
    json_object_iter_init(&walk, json_node_get_object(all));
    while (json_object_iter_next(&walk, &v.name, &node)) {
        JsonObject *state = state_of(node, release);

        v.urgency = state ? urgency_of(state) : DQ_URGENCY_UNIMPORTANT;
        if (v.urgency > DQ_URGENCY_UNIMPORTANT && is_in(state, version, &v.fixed)) {
            g_array_append_val(found, v);
        }
    }
    return found;
}

GBytes *dq_tracker_reduce(const DqTracker *tracker, const GPtrArray *sources)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    char *text;

    for (guint i = 0; i < sources->len; i++) {
        JsonNode *all = json_object_get_member(tracker->sources, sources->pdata[i]);

        if (all) {
            json_object_set_member(object, sources->pdata[i], json_node_copy(all));
        }
    }
    json_node_take_object(root, object);
    text = json_to_string(root, FALSE);
    return g_bytes_new_take(text, strlen(text));
}

char *dq_vulnerability_say(const DqVulnerability *vulnerability)
{
    return vulnerability->fixed
               ? g_strdup_printf("%s, fixed in %s", vulnerability->name, vulnerability->fixed)
               : g_strdup_printf("%s, not fixed yet", vulnerability->name);
}
