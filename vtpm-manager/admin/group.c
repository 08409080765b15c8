/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/group.h"

#include "admin/json.h"

void admin_handle_groups(const AdminRequest *request)
{
    g_autoptr(GPtrArray) groups = registry_groups(request->manager->registry);
    JsonObject *answer = admin_answer_new();
    JsonArray *array = json_array_new();

    for (guint i = 0; i < groups->len; i++) {
        const RegistryGroup *group = g_ptr_array_index(groups, i);
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "group", group->name);
        json_object_set_int_member(object, "weight", group->weight);
        json_object_set_int_member(object, "vms", group->members);
        json_array_add_object_element(array, object);
    }
    json_object_set_array_member(answer, "groups", array);
    admin_connection_reply(request->connection, answer);
}

/* The member "group"; %NULL, and answered, where there is none. */
static const char *get_group(const AdminRequest *request)
{
    const char *name = admin_get_string(request->json, "group");

    if (!name) {
        admin_connection_fail(request->connection, "the request names no group");
    }
    return name;
}

static void reply(const AdminRequest *request, const GError *error)
{
    if (error) {
        admin_connection_fail(request->connection, error->message);
    } else {
        admin_connection_reply(request->connection, admin_answer_new());
    }
}

void admin_handle_group(const AdminRequest *request)
{
    const char *name = get_group(request);
    gint64 weight = admin_get_int(request->json, "weight", 0);
    g_autoptr(GError) error = NULL;

    if (name) {
        registry_group_set(request->manager->registry, name,
                           (guint)CLAMP(weight, 0, REGISTRY_WEIGHT_MAX + 1), &error);
        reply(request, error);
    }
}

void admin_handle_ungroup(const AdminRequest *request)
{
    const char *name = get_group(request);
    g_autoptr(GError) error = NULL;

    if (name) {
        registry_group_remove(request->manager->registry, name, &error);
        reply(request, error);
    }
}

void admin_handle_move(const AdminRequest *request)
{
    uint8_t uuid[DEEPQUOTE_UUID_SIZE];
    const char *name;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, uuid) || !(name = get_group(request))) {
        return;
    }
    if (!registry_move(request->manager->registry, uuid, name, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    admin_reply_vm(request, uuid);
}
