/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of the manager's answers, and of files; one that is missing, or of another type, reads as
 * empty. */
#ifndef TOOLS_HOST_JSON_H
#define TOOLS_HOST_JSON_H

#include <json-glib/json-glib.h>
#include <stdint.h>

/* NULL where it is not there, or of another type. */
static inline JsonNode *node_of(JsonObject *object, const char *member, GType type)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node
                                                                                         : NULL;
}

static inline const char *text_of(JsonObject *object, const char *member)
{
    JsonNode *node = node_of(object, member, G_TYPE_STRING);

    return node ? json_node_get_string(node) : "";
}

static inline int64_t number_of(JsonObject *object, const char *member)
{
    JsonNode *node = node_of(object, member, G_TYPE_INT64);

    return node ? json_node_get_int(node) : 0;
}

static inline gboolean truth_of(JsonObject *object, const char *member)
{
    JsonNode *node = node_of(object, member, G_TYPE_BOOLEAN);

    return node && json_node_get_boolean(node);
}

static inline const char *or_none(const char *text)
{
    return *text ? text : "-";
}

#endif
