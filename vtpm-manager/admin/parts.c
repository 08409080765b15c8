/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/parts.h"

#include "admin/json.h"
#include "wire/deepquote-constants.h"

/* Both are asked for by the vTPM too, as TPM2_HostCredential numbers them. */
static const struct {
    const char *name;
    uint32_t what;
} lists[] = {
    { "vm-launch", DEEPQUOTE_VM_LAUNCH_PARTS },
    { "vtpm-parts", DEEPQUOTE_VTPM_PARTS },
};

/* The member "of"; FALSE, and answered, where there is no such list. */
static gboolean get_list(const AdminRequest *request, VtpmLook *ret)
{
    const char *name = admin_get_string(request->json, "of");

    for (gsize i = 0; name && i < G_N_ELEMENTS(lists); i++) {
        if (g_str_equal(name, lists[i].name)) {
            *ret = looks_of(lists[i].what);
            return TRUE;
        }
    }
    admin_connection_fail(request->connection, "of is vm-launch or vtpm-parts");
    return FALSE;
}

static void reply_failure(const AdminRequest *request, const char *why)
{
    g_autofree char *message =
        g_strdup_printf("it cannot be told: %s", why ? why : "the VM is not registered any more");

    admin_connection_fail(request->connection, message);
}

static void reply_list(const AdminRequest *request, const VtpmConnection *connection, VtpmLook look)
{
    const gboolean ready = looks_known(connection, look);
    GBytes *parts = looks_parts(connection, look);
    JsonObject *answer;

    if (ready && !parts) {
        reply_failure(request, looks_why(connection, look));
        return;
    }
    answer = admin_answer_new();
    json_object_set_boolean_member(answer, "ready", ready);
    admin_set_bytes(answer, "parts", parts);
    admin_set_hex(answer, "digest", looks_digest(connection, look),
                  parts ? DEEPQUOTE_HASH_SIZE : 0);
    admin_connection_reply(request->connection, answer);
}

/* Files may take long to read: whoever asks does so again until it is ready. */
static void handle_parts(const AdminRequest *request, void *part)
{
    const AdminParts *parts = part;
    VtpmConnection *connection;
    WireUuid uuid;
    VtpmLook look;

    if (!admin_get_uuid(request, &uuid) || !get_list(request, &look)) {
        return;
    }
    connection = vtpm_server_find(parts->vtpms, &uuid);
    if (!connection) {
        admin_connection_fail(request->connection, "no vTPM of this VM is connected: start the VM");
        return;
    }
    looks_begin(parts->measurer, parts->known, connection, look);
    reply_list(request, connection, look);
}

const AdminCommand admin_parts_commands[] = {
    { "parts", handle_parts },
    { NULL, NULL },
};
