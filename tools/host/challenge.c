/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "challenge.h"

#include "common/input.h"
#include "json.h"

enum { VERSION = 1 };

static gboolean is_challenge(JsonObject *object)
{
    return g_str_equal(text_of(object, "type"), "deepquote-host-challenge") &&
           number_of(object, "version") == VERSION;
}

JsonNode *challenge_parse(const char *text, gsize len)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root = NULL;

    if (len > 0 && input_is_shallow(text, len) && g_utf8_validate(text, (gssize)len, NULL) &&
        json_parser_load_from_data(parser, text, (gssize)len, NULL)) {
        root = json_parser_get_root(parser);
    }
    return root && JSON_NODE_HOLDS_OBJECT(root) && is_challenge(json_node_get_object(root))
               ? json_node_copy(root)
               : NULL;
}
