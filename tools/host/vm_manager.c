/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_manager.h"

#include "ask.h"
#include "json.h"

static JsonObject *request_new(const VmUnit *unit, const char *command)
{
    JsonObject *request = json_object_new();

    json_object_set_string_member(request, "command", command);
    json_object_set_string_member(request, "uuid", unit->uuid);
    return request;
}

static gboolean ask(const CtlOptions *options, JsonObject *request, GError **error)
{
    g_autoptr(JsonNode) answer = ctl_ask_object(options, request, error);

    return answer != NULL;
}

gboolean vm_manager_find(const VmUnit *unit, const CtlOptions *options, JsonObject **ret_vm,
                         GError **error)
{
    g_autoptr(JsonNode) node = ctl_ask(options, "{\"command\":\"list\"}\n", error);
    JsonObject *answer = node ? json_node_get_object(node) : NULL;
    JsonArray *vms = answer && json_object_has_member(answer, "vms")
                         ? json_object_get_array_member(answer, "vms")
                         : NULL;

    if (!answer) {
        return FALSE;
    }
    *ret_vm = NULL;
    for (guint i = 0; vms && i < json_array_get_length(vms); i++) {
        JsonObject *vm = json_array_get_object_element(vms, i);

        if (g_str_equal(text_of(vm, "uuid"), unit->uuid)) {
            *ret_vm = json_object_ref(vm);
        }
    }
    return TRUE;
}

static void set_text(JsonObject *request, const char *member, const char *value)
{
    if (value) {
        json_object_set_string_member(request, member, value);
    }
}

gboolean vm_manager_register(const VmUnit *unit, const CtlOptions *options, const char *ek,
                             GError **error)
{
    JsonObject *request = request_new(unit, "register");

    json_object_set_string_member(request, "rule", "unit");
    set_text(request, "name", options->name);
    set_text(request, "group", options->group);
    set_text(request, "ek", ek);
    if (options->seal) {
        json_object_set_boolean_member(request, "seal", TRUE);
    }
    return ask(options, request, error);
}

gboolean vm_manager_unregister(const VmUnit *unit, const CtlOptions *options, GError **error)
{
    JsonObject *vm = NULL;

    if (!vm_manager_find(unit, options, &vm, error)) {
        return FALSE;
    }
    if (!vm) {
        return TRUE;
    }
    json_object_unref(vm);
    return ask(options, request_new(unit, "unregister"), error);
}

gboolean vm_manager_set(const VmUnit *unit, const CtlOptions *options, const char *command,
                        const char *member, const char *value, GError **error)
{
    JsonObject *request = request_new(unit, command);

    json_object_set_string_member(request, member, value);
    return ask(options, request, error);
}
