/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/audit.h"

#include "admin/json.h"

enum { PAGE = 100 };

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
    const int64_t after = admin_get_int(request->json, "after", 0);
    g_autoptr(JsonArray) entries = json_array_new();
    g_autoptr(GError) error = NULL;
    JsonObject *answer;

    if (!registry_audit_read(part, (uint64_t)MAX(after, 0), PAGE, take_entry, entries, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    answer = admin_answer_new();
    json_object_set_boolean_member(answer, "more", json_array_get_length(entries) == PAGE);
    json_object_set_array_member(answer, "entries", g_steal_pointer(&entries));
    admin_connection_reply(request->connection, answer);
}

const AdminCommand admin_audit_commands[] = {
    { "audit", handle_audit },
    { NULL, NULL },
};
