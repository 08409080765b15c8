/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_read.h"

static JsonNode *member_of(JsonObject *o, const char *member)
{
    return o ? json_object_get_member(o, member) : NULL;
}

JsonObject *json_read_object(JsonObject *o, const char *member)
{
    JsonNode *node = member_of(o, member);

    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

const char *json_read_text(JsonObject *o, const char *member)
{
    JsonNode *node = member_of(o, member);

    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

gboolean json_read_truth(JsonObject *o, const char *member)
{
    JsonNode *node = member_of(o, member);

    return node && json_node_get_value_type(node) == G_TYPE_BOOLEAN && json_node_get_boolean(node);
}
