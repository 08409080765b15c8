/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/vm.h"

#include "admin/json.h"
#include "attest/deepquote.h"

static JsonObject *describe_vm(const AdminVms *vms, const RegistryVm *vm)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "uuid", uuid);
    json_object_set_string_member(object, "name", vm->name);
    json_object_set_string_member(object, "rule", registry_rule_name(vm->rule));
    json_object_set_int_member(object, "owner",
                               vm->owner == REGISTRY_NO_OWNER ? -1 : (int64_t)vm->owner);
    json_object_set_boolean_member(object, "enabled", vm->enabled);
    json_object_set_boolean_member(object, "connected",
                                   vtpm_server_connected(vms->vtpms, &vm->uuid));
    json_object_set_string_member(object, "group", vm->group->name);
    admin_set_hex(object, "ek", vm->ek, vm->ek_len);
    admin_set_hex(object, "lineage", vm->lineage, sizeof(vm->lineage));
    json_object_set_string_member(object, "continuity", registry_continuity_name(vm->continuity));
    json_object_set_boolean_member(object, "sealed", vm->key.sealed);
    json_object_set_int_member(object, "broken", vm->broken);
    json_object_set_int_member(object, "accepted", vm->accepted);
    json_object_set_int_member(object, "rivals", vm->rivals);
    json_object_set_int_member(object, "rival", vm->rival);
    json_object_set_int_member(object, "epoch", (int64_t)vm->epoch);
    json_object_set_int_member(object, "generation", (int64_t)vm->generation);
    json_object_set_int_member(object, "created", vm->created);
    json_object_set_int_member(object, "seen", vm->seen);
    return object;
}

static void handle_list(const AdminRequest *request, void *part)
{
    const AdminVms *vms = part;
    g_autoptr(GPtrArray) list = vms_list(vms->known);
    JsonObject *answer = admin_answer_new();
    JsonArray *array = json_array_new();

    for (guint i = 0; i < list->len; i++) {
        json_array_add_object_element(array, describe_vm(vms, g_ptr_array_index(list, i)));
    }
    json_object_set_array_member(answer, "vms", array);
    admin_connection_reply(request->connection, answer);
}

static void reply_vm(const AdminRequest *request, const AdminVms *vms, const WireUuid *uuid)
{
    const RegistryVm *vm = vms_find(vms->known, uuid);
    JsonObject *answer;

    if (!vm) {
        admin_connection_fail(request->connection, "no VM with this UUID is registered; see "
                                                   "vtpm-managerctl list");
        return;
    }
    answer = admin_answer_new();
    json_object_set_object_member(answer, "vm", describe_vm(vms, vm));
    admin_connection_reply(request->connection, answer);
}

static void handle_show(const AdminRequest *request, void *part)
{
    const AdminVms *vms = part;
    WireUuid uuid;

    if (admin_get_uuid(request, &uuid)) {
        reply_vm(request, vms, &uuid);
    }
}

/* The optional member "ek" as bytes; FALSE, and answered, where it is no Name. */
static gboolean get_ek(const AdminRequest *request, GBytes **ret)
{
    const char *text = admin_get_string(request->json, "ek");
    g_autoptr(GBytes) ek = dq_hex_decode(text ? text : "", NULL);
    gsize size = 0;
    const uint8_t *data = ek ? g_bytes_get_data(ek, &size) : NULL;

    if (!ek || !wire_name_valid((WireBytes){ data, size })) {
        admin_connection_fail(request->connection,
                              "ek is not a Name: give nameAlg and digest in hexadecimal");
        return FALSE;
    }
    *ret = g_steal_pointer(&ek);
    return TRUE;
}

static gboolean get_owner(const AdminRequest *request, RegistryRule rule, uid_t *ret)
{
    JsonNode *node = json_object_get_member(request->json, "owner");

    if (!node) {
        *ret = rule == REGISTRY_RULE_UNIT ? REGISTRY_NO_OWNER
                                          : admin_connection_uid(request->connection);
        return TRUE;
    }
    if (rule == REGISTRY_RULE_UNIT) {
        admin_connection_fail(request->connection, "by the rule \"unit\" a VM has no owner: its "
                                                   "unit's user is made when that starts");
        return FALSE;
    }
    if (json_node_get_value_type(node) != G_TYPE_INT64 || json_node_get_int(node) < 0 ||
        json_node_get_int(node) >= G_MAXUINT32) {
        admin_connection_fail(request->connection, "owner is a numeric user id");
        return FALSE;
    }
    *ret = (uid_t)json_node_get_int(node);
    return TRUE;
}

/* By which rule, and for which owner; FALSE, and answered, where that cannot be. */
static gboolean get_rule(const AdminRequest *request, const Owners *owners, RegistryRule *ret_rule,
                         uid_t *ret_owner)
{
    const gboolean given = json_object_has_member(request->json, "rule");
    RegistryRule rule = REGISTRY_RULE_USER;
    g_autofree char *objection = NULL;

    if (given && !registry_rule_find(admin_get_string(request->json, "rule"), &rule)) {
        admin_connection_fail(request->connection, "rule is unit, libvirt or user");
        return FALSE;
    }
    if (!get_owner(request, rule, ret_owner)) {
        return FALSE;
    }
    objection = owners_objection(owners, *ret_owner);
    if (objection) {
        admin_connection_fail(request->connection, objection);
        return FALSE;
    }
    *ret_rule = rule;
    return TRUE;
}

static void handle_register(const AdminRequest *request, void *part)
{
    const RegistryAuthor by = admin_author(request);
    const AdminVms *vms = part;
    RegistryNewVm vm = { .name = admin_get_string(request->json, "name"),
                         .group = admin_get_string(request->json, "group") };
    g_autoptr(GBytes) ek = NULL;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, &vm.uuid) ||
        !get_rule(request, vms->owners, &vm.rule, &vm.owner) || !get_ek(request, &ek)) {
        return;
    }
    vm.ek.p = g_bytes_get_data(ek, &vm.ek.len);
    vm.sealed = admin_get_boolean(request->json, "seal");
    if (!vms_register(vms->known, &vm, &by, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    reply_vm(request, vms, &vm.uuid);
}

static void handle_rule(const AdminRequest *request, void *part)
{
    const RegistryAuthor by = admin_author(request);
    const AdminVms *vms = part;
    WireUuid uuid;
    const RegistryVm *before;
    RegistryRule rule;
    gboolean moves;
    uid_t owner;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, &uuid) || !get_rule(request, vms->owners, &rule, &owner)) {
        return;
    }
    before = vms_find(vms->known, &uuid);
    moves = before && before->rule != rule;
    if (!vms_set_rule(vms->known, &uuid, rule, owner, &by, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    if (moves) { /* which process is taken for its QEMU was the old rule's to say */
        vtpm_server_forget_look(vms->vtpms, &uuid, VTPM_LOOK_LAUNCH);
    }
    reply_vm(request, vms, &uuid);
}

static void handle_unregister(const AdminRequest *request, void *part)
{
    const RegistryAuthor by = admin_author(request);
    const AdminVms *vms = part;
    WireUuid uuid;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, &uuid)) {
        return;
    }
    if (vms_unregister(vms->known, &uuid, &by, &error)) {
        vtpm_server_disconnect(vms->vtpms, &uuid);
    }
    admin_reply_done(request, error);
}

static void set_enabled(const AdminRequest *request, const AdminVms *vms, gboolean enabled)
{
    const RegistryAuthor by = admin_author(request);
    WireUuid uuid;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, &uuid)) {
        return;
    }
    if (!vms_enable(vms->known, &uuid, enabled, &by, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    reply_vm(request, vms, &uuid);
}

static void handle_enable(const AdminRequest *request, void *part)
{
    set_enabled(request, part, TRUE);
}

static void handle_disable(const AdminRequest *request, void *part)
{
    set_enabled(request, part, FALSE);
}

static void handle_move(const AdminRequest *request, void *part)
{
    const RegistryAuthor by = admin_author(request);
    const AdminVms *vms = part;
    WireUuid uuid;
    const char *name;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, &uuid) || !(name = admin_get_group(request))) {
        return;
    }
    if (!vms_move(vms->known, &uuid, name, &by, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    reply_vm(request, vms, &uuid);
}

static void handle_rename(const AdminRequest *request, void *part)
{
    const RegistryAuthor by = admin_author(request);
    const AdminVms *vms = part;
    const char *name = admin_get_string(request->json, "name");
    WireUuid uuid;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, &uuid)) {
        return;
    }
    if (!name) {
        admin_connection_fail(request->connection, "the request gives no name");
        return;
    }
    if (!vms_rename(vms->known, &uuid, name, &by, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    reply_vm(request, vms, &uuid);
}

static void handle_seal(const AdminRequest *request, void *part)
{
    const RegistryAuthor by = admin_author(request);
    const AdminVms *vms = part;
    WireUuid uuid;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, &uuid)) {
        return;
    }
    if (!vms_seal(vms->known, &uuid, &by, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    reply_vm(request, vms, &uuid);
}

static void handle_continuity(const AdminRequest *request, void *part)
{
    const RegistryAuthor by = admin_author(request);
    const AdminVms *vms = part;
    WireUuid uuid;
    RegistryContinuity continuity;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, &uuid)) {
        return;
    }
    if (!registry_continuity_find(admin_get_string(request->json, "continuity"), &continuity)) {
        admin_connection_fail(request->connection, "continuity is recorded or required");
        return;
    }
    if (!vms_set_continuity(vms->known, &uuid, continuity, &by, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    reply_vm(request, vms, &uuid);
}

static void handle_accept(const AdminRequest *request, void *part)
{
    const AdminVms *vms = part;
    const RegistryAuthor by = admin_author(request);
    g_autofree char *reason = NULL;
    g_autofree char *text = NULL;
    WireUuid uuid;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, &uuid)) {
        return;
    }
    if (!by.why || !*by.why) {
        admin_connection_fail(request->connection, "the request gives no reason: why");
        return;
    }
    if (!vms_accept(vms->known, &uuid, &by, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    text = dq_uuid_format(uuid.byte);
    reason = g_strescape(by.why, NULL);
    g_message("VM %s: user %u accepts a broken history of its state: %s", text, (unsigned)by.uid,
              reason);
    reply_vm(request, vms, &uuid);
}

const AdminCommand admin_vm_commands[] = {
    { "list", handle_list },
    { "show", handle_show },
    { "register", handle_register },
    { "rule", handle_rule },
    { "unregister", handle_unregister },
    { "enable", handle_enable },
    { "disable", handle_disable },
    { "move", handle_move },
    { "rename", handle_rename },
    { "continuity", handle_continuity },
    { "seal", handle_seal },
    { "accept", handle_accept },
    { NULL, NULL },
};
