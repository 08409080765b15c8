/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/audit.h"

#include "admin/json.h"
#include "registry/audit_head.h"

enum {
    PAGE = 100,
    HEADS_PAGE = 20, /* of up to DEEPQUOTE_EVIDENCE_MAX bytes each */
};

static void set_text(JsonObject *object, const char *member, WireBytes text)
{
    g_autofree char *copy = g_strndup((const char *)text.p, text.len);

    json_object_set_string_member(object, member, copy);
}

static void take_entry(const AuditEntry *entry, const uint8_t *hash, void *data)
{
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, "number", (int64_t)entry->number);
    json_object_set_int_member(object, "time", entry->time);
    json_object_set_int_member(object, "uid", entry->uid);
    set_text(object, "subject", entry->subject);
    set_text(object, "what", entry->what);
    set_text(object, "why", entry->why);
    admin_set_hex(object, "hash", hash, AUDIT_HASH_SIZE);
    json_array_add_object_element(data, object);
}

static void handle_audit(const AdminRequest *request, void *part)
{
    const AdminAudit *audit = part;
    const int64_t after = admin_get_int(request->json, "after", 0);
    g_autoptr(JsonArray) entries = json_array_new();
    g_autoptr(GError) error = NULL;
    JsonObject *answer;

    if (!registry_audit_read(audit->store, (uint64_t)MAX(after, 0), PAGE, take_entry, entries,
                             &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    answer = admin_answer_new();
    json_object_set_boolean_member(answer, "more", json_array_get_length(entries) == PAGE);
    json_object_set_array_member(answer, "entries", g_steal_pointer(&entries));
    admin_connection_reply(request->connection, answer);
}

static void take_head(uint64_t number, WireBytes evidence, void *data)
{
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, "number", (int64_t)number);
    admin_set_hex(object, "evidence", evidence.p, evidence.len);
    json_array_add_object_element(data, object);
}

static void handle_heads(const AdminRequest *request, void *part)
{
    const AdminAudit *audit = part;
    const int64_t after = admin_get_int(request->json, "after", 0);
    g_autoptr(JsonArray) heads = json_array_new();
    g_autoptr(TpmInfo) info = tpm_host_info(audit->tpm);
    g_autoptr(GError) error = NULL;
    JsonObject *answer;

    if (!registry_audit_heads_read(audit->store, (uint64_t)MAX(after, 0), HEADS_PAGE, take_head,
                                   heads, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    answer = admin_answer_new();
    json_object_set_boolean_member(answer, "more", json_array_get_length(heads) == HEADS_PAGE);
    json_object_set_array_member(answer, "heads", g_steal_pointer(&heads));
    admin_set_bytes(answer, "public", info->ak_public);
    admin_connection_reply(request->connection, answer);
}

static void on_signed(void *data, const GError *error)
{
    AdminConnection *connection = data;

    if (error) {
        admin_connection_fail(connection, error->message);
    } else {
        admin_connection_reply(connection, admin_answer_new());
    }
    admin_connection_release(connection);
}

static void handle_sign(const AdminRequest *request, void *part)
{
    const AdminAudit *audit = part;

    if (!audit->signer) {
        admin_connection_fail(
            request->connection,
            "the registry is held, and nothing is signed until it is accepted: see "
            "vtpm-managerctl registry");
        return;
    }
    admin_connection_hold(request->connection);
    audit_signer_ask(audit->signer, on_signed, request->connection);
}

const AdminCommand admin_audit_commands[] = {
    { "audit", handle_audit },
    { "audit-heads", handle_heads },
    { "audit-sign", handle_sign },
    { NULL, NULL },
};
