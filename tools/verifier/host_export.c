/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_export.h"

#include "host_key.h"

#include "attest/bytes.h"
#include "common/input.h"

#include <json-glib/json-glib.h>

/* (transfer full): the object in a file of this type; NULL with the error set. */
static JsonNode *read_object(const char *path, const char *type, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, HOST_KEY_MAX, error);
    g_autoptr(JsonNode) root = NULL;
    JsonObject *object;
    const char *found;

    if (!bytes) {
        return NULL;
    }
    root = host_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    object = root ? json_node_get_object(root) : NULL;
    found = object ? json_object_get_string_member_with_default(object, "type", "") : "";
    if (!g_str_equal(found, type) ||
        json_object_get_int_member_with_default(object, "version", 0) != 1) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "%s: it is no %s of version 1", path, type);
        return NULL;
    }
    return g_steal_pointer(&root);
}

/* (transfer full): the bytes of a member; NULL with the error set. */
static GBytes *member(JsonNode *root, const char *path, const char *name, GError **error)
{
    JsonObject *object = json_node_get_object(root);
    GBytes *bytes =
        dq_hex_decode(json_object_get_string_member_with_default(object, name, "-"), NULL);

    if (!bytes) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "%s: it has no '%s' in hexadecimal digits", path,
                    name);
    }
    return bytes;
}

/* (transfer full): the same, of no bytes where it is not there. */
static GBytes *optional_member(JsonNode *root, const char *path, const char *name, GError **error)
{
    return json_object_has_member(json_node_get_object(root), name)
               ? member(root, path, name, error)
               : g_bytes_new(NULL, 0);
}

void host_export_clear(HostExport *export)
{
    g_clear_pointer(&export->ek, g_bytes_unref);
    g_clear_pointer(&export->certificate, g_bytes_unref);
    g_clear_pointer(&export->chain, g_bytes_unref);
}

gboolean host_export_read(const char *path, HostExport *ret_export, GError **error)
{
    g_autoptr(JsonNode) root = read_object(path, "deepquote-host", error);
    g_auto(HostExport) export = { 0 };

    if (!root) {
        return FALSE;
    }
    if (!host_key_read_object(json_node_get_object(root), &export.host, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    export.ek = member(root, path, "ek", error);
    export.certificate = export.ek ? member(root, path, "ekCertificate", error) : NULL;
    export.chain = export.certificate ? optional_member(root, path, "ekChain", error) : NULL;
    if (!export.chain) {
        return FALSE;
    }
    ret_export->host = export.host;
    ret_export->ek = g_steal_pointer(&export.ek);
    ret_export->certificate = g_steal_pointer(&export.certificate);
    ret_export->chain = g_steal_pointer(&export.chain);
    return TRUE;
}

GBytes *host_answer_read(const char *path, GError **error)
{
    g_autoptr(JsonNode) root = read_object(path, "deepquote-host-answer", error);

    return root ? member(root, path, "value", error) : NULL;
}
