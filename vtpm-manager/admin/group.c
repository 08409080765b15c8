/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/group.h"

#include "admin/json.h"
#include "registry/vm.h"

static void handle_groups(const AdminRequest *request, void *part)
{
    const AdminGroups *registry = part;
    g_autoptr(GPtrArray) groups = groups_list(registry->groups);
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

static void handle_group(const AdminRequest *request, void *part)
{
    const AdminGroups *registry = part;
    const RegistryAuthor by = admin_author(request);
    const char *name = admin_get_group(request);
    int64_t weight = admin_get_int(request->json, "weight", 0);
    g_autoptr(GError) error = NULL;

    if (name) {
        groups_set(registry->groups, name, (guint)CLAMP(weight, 0, REGISTRY_WEIGHT_MAX + 1), &by,
                   &error);
        admin_reply_done(request, error);
    }
}

static void handle_ungroup(const AdminRequest *request, void *part)
{
    const AdminGroups *registry = part;
    const RegistryAuthor by = admin_author(request);
    const char *name = admin_get_group(request);
    g_autoptr(GError) error = NULL;

    if (name) {
        vms_remove_group(registry->vms, name, &by, &error);
        admin_reply_done(request, error);
    }
}

const AdminCommand admin_group_commands[] = {
    { "groups", handle_groups },
    { "group", handle_group },
    { "ungroup", handle_ungroup },
    { NULL, NULL },
};
