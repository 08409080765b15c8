/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmw/cmw-json.h"

#include "attest/base64url.h"
#include "attest/bytes.h"
#include "attest/json-text.h"
#include "cmw/cmw-record.h"

#include <json-glib/json-glib.h>
#include <string.h>

enum { LEVELS = 2 }; /* records in an object */

static JsonArray *record(DqCmwPart part, GBytes *value)
{
    g_autofree char *text = dq_base64url(dq_bytes_peek(value));
    JsonArray *a = json_array_sized_new(CMW_RECORD_MAX);

    json_array_add_string_element(a, cmw_media_type(part));
    json_array_add_string_element(a, text);
    json_array_add_int_element(a, CMW_EVIDENCE);
    return a;
}

GBytes *cmw_encode_json(const DqCmw *cmw)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    char *text;

    json_object_set_string_member(o, CMW_TYPE_LABEL, CMW_TYPE);
    for (guint i = 0; i < DQ_CMW_PARTS; i++) {
        if (cmw->part[i] && g_bytes_get_size(cmw->part[i]) > 0) {
            json_object_set_array_member(o, cmw_label((DqCmwPart)i),
                                         record((DqCmwPart)i, cmw->part[i]));
        }
    }
    json_node_take_object(node, o);
    text = json_to_string(node, FALSE);
    return g_bytes_new_take(text, strlen(text));
}

/* NULL: it is no text. */
static const char *text_of(JsonNode *node)
{
    return json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

static DqBytes bytes_of(const char *text)
{
    return (DqBytes){ (const uint8_t *)text, strlen(text) };
}

/* One that is left out says nothing else than evidence. */
static gboolean indicator_of(JsonArray *a, uint64_t *ret)
{
    JsonNode *node = json_array_get_length(a) == CMW_RECORD_MAX
                         ? json_array_get_element(a, CMW_RECORD_MIN)
                         : NULL;
    int64_t value;

    if (node && json_node_get_value_type(node) != G_TYPE_INT64) {
        return FALSE;
    }
    value = node ? json_node_get_int(node) : CMW_EVIDENCE;
    *ret = (uint64_t)value;
    return value >= 0;
}

static gboolean read_record(DqCmw *cmw, DqCmwPart part, JsonNode *node, GError **error)
{
    JsonArray *a = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    const guint count = a ? json_array_get_length(a) : 0;
    const char *media_type, *value;
    uint64_t indicator;

    if (count != CMW_RECORD_MIN && count != CMW_RECORD_MAX) {
        return cmw_fail(error, "'%s' is no record of a type, a value and perhaps an indicator",
                        cmw_label(part));
    }
    media_type = text_of(json_array_get_element(a, 0));
    value = text_of(json_array_get_element(a, 1));
    if (!media_type || !value || !indicator_of(a, &indicator)) {
        return cmw_fail(error, "'%s' has a type, a value or an indicator of another kind",
                        cmw_label(part));
    }
    return cmw_put(cmw, part, bytes_of(media_type), indicator, dq_base64url_decode(bytes_of(value)),
                   error);
}

static gboolean read_object(JsonObject *o, DqCmw *cmw, GError **error)
{
    g_autoptr(GList) labels = json_object_get_members(o);

    if (!json_object_has_member(o, CMW_TYPE_LABEL) ||
        g_strcmp0(text_of(json_object_get_member(o, CMW_TYPE_LABEL)), CMW_TYPE) != 0) {
        return cmw_fail(error, "its type (%s) is not the one of a deep quote", CMW_TYPE_LABEL);
    }
    for (const GList *l = labels; l; l = l->next) {
        const char *label = l->data;
        DqCmwPart part;

        if (strcmp(label, CMW_TYPE_LABEL) != 0 &&
            (!cmw_find(label, strlen(label), &part, error) ||
             !read_record(cmw, part, json_object_get_member(o, label), error))) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean cmw_decode_json(GBytes *bytes, DqCmw *cmw, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) why = NULL;
    gsize len;
    const char *text = g_bytes_get_data(bytes, &len);
    JsonNode *root;

    if (len == 0 || !g_utf8_validate(text, (gssize)len, NULL) ||
        !dq_json_is_one(dq_bytes_peek(bytes), LEVELS) ||
        !json_parser_load_from_data(parser, text, (gssize)len, &why)) {
        return cmw_fail(error, "it is neither a map of CBOR nor JSON: %s",
                        why ? why->message : "not one value, too deep, or not in UTF-8");
    }
    root = json_parser_get_root(parser);
    return root && JSON_NODE_HOLDS_OBJECT(root)
               ? read_object(json_node_get_object(root), cmw, error)
               : cmw_fail(error, "it is no collection, which is an object");
}
