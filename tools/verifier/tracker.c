/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tracker.h"

#include "deb_version.h"
#include "json_read.h"

#include "attest/json-text.h"

#include <string.h>

enum { LEVELS_MAX = 32 };

struct Tracker {
    JsonParser *parser;
    JsonObject *sources; /* borrowed */
    char *release;
};

void tracker_free(Tracker *tracker)
{
    if (tracker) {
        g_object_unref(tracker->parser);
        g_free(tracker->release);
        g_free(tracker);
    }
}

/* A member that is an object, of one that may be anything; NULL where it is not there. */
static JsonObject *object_of(JsonNode *node, const char *member)
{
    return node && JSON_NODE_HOLDS_OBJECT(node)
               ? json_read_object(json_node_get_object(node), member)
               : NULL;
}

/* What a vulnerability is in this release; NULL where it is not spoken of. */
static JsonObject *state_of(const Tracker *t, JsonNode *vulnerability)
{
    return json_read_object(object_of(vulnerability, "releases"), t->release);
}

static gboolean speaks_of_release(const Tracker *t)
{
    JsonObjectIter sources, inner;
    JsonNode *source, *vulnerability;

    json_object_iter_init(&sources, t->sources);
    while (json_object_iter_next(&sources, NULL, &source)) {
        if (!JSON_NODE_HOLDS_OBJECT(source)) {
            return FALSE;
        }
        json_object_iter_init(&inner, json_node_get_object(source));
        while (json_object_iter_next(&inner, NULL, &vulnerability)) {
            if (state_of(t, vulnerability)) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

Tracker *tracker_new(DqBytes json, const char *release, GError **error)
{
    g_autoptr(Tracker) t = g_new0(Tracker, 1);
    JsonNode *root;

    t->parser = json_parser_new_immutable();
    t->release = g_strdup(release);
    if (json.len == 0 || !g_utf8_validate((const char *)json.data, (gssize)json.len, NULL) ||
        !dq_json_is_one(json, LEVELS_MAX) ||
        !json_parser_load_from_data(t->parser, (const char *)json.data, (gssize)json.len, NULL) ||
        !(root = json_parser_get_root(t->parser)) || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "it is no JSON of a security tracker");
        return NULL;
    }
    t->sources = json_node_get_object(root);
    if (!speaks_of_release(t)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "it does not speak of the release '%s'",
                    release);
        return NULL;
    }
    return g_steal_pointer(&t);
}

/* The version that has it no more, if this one is before that; NULL otherwise. */
static const char *fixed_later(const Tracker *t, JsonNode *vulnerability, const char *version)
{
    JsonObject *state = state_of(t, vulnerability);
    const char *fixed = json_read_text(state, "fixed_version");

    return g_strcmp0(json_read_text(state, "status"), "resolved") == 0 && fixed &&
                   deb_version_compare(version, fixed) < 0
               ? fixed
               : NULL;
}

GPtrArray *tracker_find(const Tracker *tracker, const char *source, const char *version)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    JsonObject *all = json_read_object(tracker->sources, source);
    g_autoptr(GList) names = all ? json_object_get_members(all) : NULL;

    for (const GList *l = names; l; l = l->next) {
        const char *fixed = fixed_later(tracker, json_object_get_member(all, l->data), version);

        if (fixed) {
            g_ptr_array_add(found,
                            g_strdup_printf("%s, fixed in %s", (const char *)l->data, fixed));
        }
    }
    return found;
}
