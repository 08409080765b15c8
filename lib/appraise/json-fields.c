/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/json-fields.h"

#include "attest/json-text.h"

enum { LEVELS_MAX = 1000 };

JsonParser *dq_json_load(const char *text, gsize len, gsize max, GQuark domain, int code,
                         GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) why = NULL;
    JsonNode *root;

    if (len > max || !g_utf8_validate(text, (gssize)len, NULL) ||
        !dq_json_is_one((DqBytes){ (const uint8_t *)text, len }, LEVELS_MAX) ||
        !json_parser_load_from_data(parser, text, (gssize)len, &why)) {
        g_set_error(error, domain, code, "it is no JSON: %s",
                    why ? why->message : "too long or deep, not one value, or not in UTF-8");
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error_literal(error, domain, code, "it is no JSON object");
        return NULL;
    }
    return g_steal_pointer(&parser);
}

gboolean dq_json_is_type(JsonNode *node, GType type)
{
    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

JsonNode *dq_json_member(JsonObject *object, const char *name, JsonNodeType type)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && json_node_get_node_type(node) == type ? node : NULL;
}

const char *dq_json_string(JsonObject *object, const char *name)
{
    JsonNode *node = dq_json_member(object, name, JSON_NODE_VALUE);

    return node && dq_json_is_type(node, G_TYPE_STRING) ? json_node_get_string(node) : NULL;
}

const char *dq_json_unknown(JsonObject *object, const char *const *names)
{
    JsonObjectIter walk;
    const char *name;

    json_object_iter_init(&walk, object);
    while (json_object_iter_next(&walk, &name, NULL)) {
        if (!g_strv_contains(names, name)) {
            return name;
        }
    }
    return NULL;
}
