/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_key.h"

#include "common/input.h"

#include <string.h>

static gboolean fail(const char *what, GError **error)
{
    g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "%s", what);
    return FALSE;
}

static gboolean read_public(const uint8_t *data, gsize len, DqStoreHost *ret_host, GError **error)
{
    g_autoptr(DqKey) key = dq_key_new(data, len, error);
    DqBytes name;

    if (!key) {
        return FALSE;
    }
    if (len > sizeof(ret_host->public_area)) {
        return fail("the public area is larger than that of any TPM key", error);
    }
    if (!dq_key_is_attestation_key(key)) {
        return fail("this key is no attestation key of a TPM (restricted, fixedTPM, signing): take "
                    "the one that vtpm-managerctl ak exports",
                    error);
    }
    name = dq_key_get_name(key);
    memcpy(ret_host->name.data, name.data, name.len);
    ret_host->name.len = name.len;
    memcpy(ret_host->public_area, data, len);
    ret_host->public_len = len;
    return TRUE;
}

/* A member that has to be there and of this type; NULL otherwise. */
static JsonNode *find(JsonObject *object, const char *member, GType type)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node
                                                                                         : NULL;
}

const char *host_json_text(JsonObject *object, const char *member)
{
    JsonNode *node = find(object, member, G_TYPE_STRING);

    return node ? json_node_get_string(node) : NULL;
}

gboolean host_json_is(JsonObject *object, const char *type, int64_t version)
{
    const char *said = host_json_text(object, "type");
    JsonNode *number = find(object, "version", G_TYPE_INT64);

    return said && g_str_equal(said, type) && number && json_node_get_int(number) == version;
}

gboolean host_key_read_object(JsonObject *object, DqStoreHost *ret_host, GError **error)
{
    JsonNode *public = find(object, "public", G_TYPE_STRING);
    JsonNode *name = find(object, "name", G_TYPE_STRING);
    JsonNode *simulated = find(object, "simulated", G_TYPE_BOOLEAN);
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GBytes) said = NULL;
    DqBytes data;

    if (!public || !name || !simulated) {
        return fail("the JSON lacks public, name or simulated: give all that vtpm-managerctl ak "
                    "--json prints",
                    error);
    }
    bytes = dq_hex_decode(json_node_get_string(public), error);
    said = bytes ? dq_hex_decode(json_node_get_string(name), error) : NULL;
    if (!said) {
        return FALSE;
    }
    data.data = g_bytes_get_data(bytes, &data.len);
    if (!read_public(data.data, data.len, ret_host, error)) {
        return FALSE;
    }
    if (g_bytes_get_size(said) != ret_host->name.len ||
        memcmp(g_bytes_get_data(said, NULL), ret_host->name.data, ret_host->name.len) != 0) {
        return fail("the JSON's name is not the Name of its public area: fetch it again", error);
    }
    ret_host->simulated = json_node_get_boolean(simulated);
    return TRUE;
}

JsonNode *host_json_parse(const char *text, gsize len)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root = NULL;

    if (len > 0 && input_is_shallow(text, len) && g_utf8_validate(text, (gssize)len, NULL) &&
        json_parser_load_from_data(parser, text, (gssize)len, NULL)) {
        root = json_parser_get_root(parser);
    }
    return root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_copy(root) : NULL;
}

static gboolean read_json(const char *text, gsize len, DqStoreHost *ret_host, GError **error)
{
    g_autoptr(JsonNode) root = host_json_parse(text, len);

    return root ? host_key_read_object(json_node_get_object(root), ret_host, error)
                : fail("this is no JSON object: give what vtpm-managerctl ak --json prints", error);
}

gboolean host_key_read(const uint8_t *data, gsize len, DqStoreHost *ret_host, GError **error)
{
    DqStoreHost host = *ret_host;
    gsize start = 0;
    gboolean good;

    while (start < len && g_ascii_isspace(data[start])) {
        start++;
    }
    host.simulated = FALSE;
    good = start < len && data[start] == '{' ? read_json((const char *)data, len, &host, error)
                                             : read_public(data, len, &host, error);
    if (good) {
        *ret_host = host;
    }
    return good;
}
