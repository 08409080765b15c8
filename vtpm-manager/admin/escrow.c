/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/escrow.h"

#include "admin/json.h"
#include "attest/deepquote.h"

/* @data of all of them is the connection, which is held meanwhile. */
static void reply(AdminConnection *connection, JsonObject *answer, const GError *error)
{
    if (answer) {
        admin_connection_reply(connection, answer);
    } else {
        admin_connection_fail(connection, error->message);
    }
    admin_connection_release(connection);
}

static void escrow_made(void *data, const char *text, guint count, const GError *error)
{
    JsonObject *answer = text ? admin_answer_new() : NULL;

    if (answer) {
        json_object_set_string_member(answer, "escrow", text);
        json_object_set_int_member(answer, "vms", count);
    }
    reply(data, answer, error);
}

static void handle_escrow(const AdminRequest *request, void *part)
{
    const RegistryAuthor by = admin_author(request);
    const char *group = admin_get_group(request);

    if (group) {
        admin_connection_hold(request->connection);
        escrow_make(part, group, &by, escrow_made, request->connection);
    }
}

static void key_made(void *data, const DqEscrowKey *key, const GError *error)
{
    JsonObject *answer = key ? admin_answer_new() : NULL;

    if (answer) {
        g_autofree char *text = dq_escrow_key_write(key);

        json_object_set_string_member(answer, "key", text);
    }
    reply(data, answer, error);
}

static void handle_key(const AdminRequest *request, void *part)
{
    const char *group = admin_get_group(request);

    if (group) {
        admin_connection_hold(request->connection);
        escrow_key(part, group, key_made, request->connection);
    }
}

static void restored(void *data, const GArray *results, const GError *error)
{
    JsonObject *answer = results ? admin_answer_new() : NULL;
    JsonArray *vms = results ? json_array_new() : NULL;

    for (guint i = 0; results && i < results->len; i++) {
        const EscrowResult *result = &g_array_index(results, EscrowResult, i);
        g_autofree char *uuid = dq_uuid_format(result->uuid.byte);
        JsonObject *vm = json_object_new();

        json_object_set_string_member(vm, "uuid", uuid);
        json_object_set_boolean_member(vm, "restored", !result->why);
        json_object_set_string_member(vm, "why", result->why ? result->why : "");
        json_array_add_object_element(vms, vm);
    }
    if (answer) {
        json_object_set_array_member(answer, "vms", vms);
    }
    reply(data, answer, error);
}

static void handle_restore(const AdminRequest *request, void *part)
{
    const EscrowRequest what = { .group = admin_get_group(request),
                                 .text = admin_get_string(request->json, "escrow"),
                                 .replace = admin_get_boolean(request->json, "replace"),
                                 .by = admin_author(request) };

    if (!what.group) {
        return;
    }
    if (!what.text || !what.by.why) {
        admin_connection_fail(request->connection,
                              "the request gives no escrow, or no reason: why");
        return;
    }
    admin_connection_hold(request->connection);
    escrow_restore(part, &what, restored, request->connection);
}

const AdminCommand admin_escrow_commands[] = {
    { "escrow", handle_escrow },
    { "escrow-key", handle_key },
    { "escrow-restore", handle_restore },
    { NULL, NULL },
};
