/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/qemu_fields.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "attest/json-text.h"

enum { LEVELS_MAX = 64 };

/* ------------------------------------------------------------------------------------- a=b,c=d */

/* Up to a comma that is not doubled; moves on behind it. */
static char *take_item(const char **text)
{
    GString *item = g_string_new(NULL);
    const char *at = *text;

    for (; *at != '\0'; at++) {
        if (*at == ',' && *++at != ',') {
            break;
        }
        g_string_append_c(item, *at);
    }
    *text = at;
    return g_string_free(item, FALSE);
}

static void parse_pairs(const char *text, const char *implied, GHashTable *ret)
{
    while (*text != '\0') {
        char *item = take_item(&text);
        char *equals = strchr(item, '=');

        if (equals) {
            g_hash_table_replace(ret, g_strndup(item, (gsize)(equals - item)),
                                 g_strdup(equals + 1));
            g_free(item);
        } else if (implied) {
            g_hash_table_replace(ret, g_strdup(implied), item);
        } else {
            g_hash_table_replace(ret, item, g_strdup("on"));
        }
        implied = NULL;
    }
}

/* ---------------------------------------------------------------------------------------- JSON */

static void flatten(JsonObject *object, const char *prefix, GHashTable *ret)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;

    json_object_iter_init(&iter, object);
    while (json_object_iter_next(&iter, &name, &node)) {
        g_autofree char *full = g_strconcat(prefix, name, NULL);
        g_autofree char *below = g_strconcat(full, ".", NULL);

        if (JSON_NODE_HOLDS_OBJECT(node)) {
            flatten(json_node_get_object(node), below, ret);
        } else if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING) {
            g_hash_table_replace(ret, g_steal_pointer(&full), g_strdup(json_node_get_string(node)));
        }
    }
}

static gboolean parse_json(const char *text, GHashTable *ret)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    JsonNode *root;

    if (!dq_json_is_one((DqBytes){ (const uint8_t *)text, strlen(text) }, LEVELS_MAX) ||
        !json_parser_load_from_data(parser, text, -1, NULL)) {
        return FALSE;
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return FALSE;
    }
    flatten(json_node_get_object(root), "", ret);
    return TRUE;
}

GHashTable *qemu_fields_parse(const char *text, const char *implied)
{
    g_autoptr(GHashTable) fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    if (text[0] != '{') {
        parse_pairs(text, implied, fields);
    } else if (!parse_json(text, fields)) {
        return NULL;
    }
    return g_steal_pointer(&fields);
}
