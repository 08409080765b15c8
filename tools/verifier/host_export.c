/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_export.h"

#include "host_key.h"

#include "attest/bytes.h"
#include "common/input.h"

#include <json-glib/json-glib.h>

/* (transfer full): the object, of this type; NULL with the error set. */
static JsonNode *parse_object(DqBytes text, const char *type, GError **error)
{
    g_autoptr(JsonNode) root = host_json_parse((const char *)text.data, text.len);

    if (!root || !host_json_is(json_node_get_object(root), type, 1)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "it is no %s of version 1", type);
        return NULL;
    }
    return g_steal_pointer(&root);
}

/* (transfer full): the bytes of a member; NULL with the error set. */
static GBytes *member(JsonNode *root, const char *name, GError **error)
{
    const char *text = host_json_text(json_node_get_object(root), name);
    GBytes *bytes = text ? dq_hex_decode(text, NULL) : NULL;

    if (!bytes) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "it has no '%s' in hexadecimal digits", name);
    }
    return bytes;
}

/* (transfer full): the same, of no bytes where it is not there. */
static GBytes *optional_member(JsonNode *root, const char *name, GError **error)
{
    return json_object_has_member(json_node_get_object(root), name) ? member(root, name, error)
                                                                    : g_bytes_new(NULL, 0);
}

void host_export_clear(HostExport *export)
{
    g_clear_pointer(&export->ek, g_bytes_unref);
    g_clear_pointer(&export->certificate, g_bytes_unref);
    g_clear_pointer(&export->chain, g_bytes_unref);
}

gboolean host_export_parse(DqBytes text, HostExport *ret_export, GError **error)
{
    g_autoptr(JsonNode) root = parse_object(text, "deepquote-host", error);
    g_auto(HostExport) export = { 0 };

    if (!root || !host_key_read_object(json_node_get_object(root), &export.host, error)) {
        return FALSE;
    }
    export.ek = member(root, "ek", error);
    export.certificate = export.ek ? member(root, "ekCertificate", error) : NULL;
    export.chain = export.certificate ? optional_member(root, "ekChain", error) : NULL;
    if (!export.chain) {
        return FALSE;
    }
    ret_export->host = export.host;
    ret_export->ek = g_steal_pointer(&export.ek);
    ret_export->certificate = g_steal_pointer(&export.certificate);
    ret_export->chain = g_steal_pointer(&export.chain);
    return TRUE;
}

gboolean host_export_read(const char *path, HostExport *ret_export, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, HOST_KEY_MAX, error);

    if (!bytes) {
        return FALSE;
    }
    if (!host_export_parse(dq_bytes_peek(bytes), ret_export, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    return TRUE;
}

GBytes *host_answer_parse(DqBytes text, GError **error)
{
    g_autoptr(JsonNode) root = parse_object(text, "deepquote-host-answer", error);

    return root ? member(root, "value", error) : NULL;
}

GBytes *host_answer_read(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, HOST_KEY_MAX, error);
    GBytes *value = bytes ? host_answer_parse(dq_bytes_peek(bytes), error) : NULL;

    if (bytes && !value) {
        g_prefix_error(error, "%s: ", path);
    }
    return value;
}
