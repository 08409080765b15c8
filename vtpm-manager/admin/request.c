/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/request.h"

#include "admin/json.h"
#include "attest/deepquote.h"

const char *admin_get_string(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node)
                                                                   : NULL;
}

gboolean admin_get_boolean(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && json_node_get_value_type(node) == G_TYPE_BOOLEAN && json_node_get_boolean(node);
}

int64_t admin_get_int(JsonObject *object, const char *member, int64_t otherwise)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && json_node_get_value_type(node) == G_TYPE_INT64 ? json_node_get_int(node)
                                                                  : otherwise;
}

gboolean admin_get_uuid(const AdminRequest *request, WireUuid *ret)
{
    const char *text = admin_get_string(request->json, "uuid");
    g_autoptr(GError) error = NULL;

    if (!text) {
        admin_connection_fail(request->connection, "the request names no uuid");
        return FALSE;
    }
    if (!dq_uuid_parse(text, ret->byte, &error)) {
        admin_connection_fail(request->connection, error->message);
        return FALSE;
    }
    return TRUE;
}

const char *admin_get_group(const AdminRequest *request)
{
    const char *name = admin_get_string(request->json, "group");

    if (!name) {
        admin_connection_fail(request->connection, "the request names no group");
    }
    return name;
}

RegistryAuthor admin_author(const AdminRequest *request)
{
    return (RegistryAuthor){ admin_connection_uid(request->connection),
                             admin_get_string(request->json, "why") };
}

void admin_reply_done(const AdminRequest *request, const GError *error)
{
    if (error) {
        admin_connection_fail(request->connection, error->message);
    } else {
        admin_connection_reply(request->connection, admin_answer_new());
    }
}
