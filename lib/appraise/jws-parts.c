/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/jws-parts.h"

#include "appraise/json-fields.h"
#include "attest/base64url.h"
#include "attest/bytes.h"

#include <string.h>

G_DEFINE_QUARK(dq_jws_error, dq_jws_error)

static gboolean fail(DqJwsError code, const char *text, GError **error)
{
    g_set_error_literal(error, DQ_JWS_ERROR, code, text);
    return FALSE;
}

/* What stands before the first point from *@rest on, which moves behind it. NULL without one. */
static GBytes *take_part(DqBytes *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '.', rest->len) : NULL;
    DqBytes part = { rest->data, end ? (gsize)(end - rest->data) : 0 };

    if (!end) {
        return NULL;
    }
    *rest = (DqBytes){ end + 1, rest->len - part.len - 1 };
    return dq_base64url_decode(part);
}

gboolean dq_jws_parts(DqBytes text, DqJwsParts *ret_parts, GError **error)
{
    g_auto(DqJwsParts) parts = { 0 };
    DqBytes rest = text;

    if (text.len > DQ_JWS_MAX) {
        return fail(DQ_JWS_ERROR_MALFORMED, "it is too long", error);
    }
    parts.header = take_part(&rest);
    parts.payload = parts.header ? take_part(&rest) : NULL;
    parts.signature = parts.payload ? dq_base64url_decode(rest) : NULL;
    if (!parts.signature || g_bytes_get_size(parts.header) == 0 ||
        g_bytes_get_size(parts.header) > DQ_JWS_HEADER_MAX) {
        return fail(DQ_JWS_ERROR_MALFORMED,
                    "it is not three parts in base64url without padding, with a point between them",
                    error);
    }
    ret_parts->header = g_steal_pointer(&parts.header);
    ret_parts->payload = g_steal_pointer(&parts.payload);
    ret_parts->signature = g_steal_pointer(&parts.signature);
    ret_parts->signed_text = (DqBytes){ text.data, text.len - rest.len - 1 };
    return TRUE;
}

void dq_jws_parts_clear(DqJwsParts *parts)
{
    g_clear_pointer(&parts->header, g_bytes_unref);
    g_clear_pointer(&parts->payload, g_bytes_unref);
    g_clear_pointer(&parts->signature, g_bytes_unref);
}

gboolean dq_jws_check_header(GBytes *header, const char *algorithm, const char *type,
                             GError **error)
{
    static const char *const known[] = { "alg", "typ", "kid", NULL };
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    const DqBytes bytes = dq_bytes_peek(header);
    const char *unknown;
    JsonObject *object;
    JsonNode *root;

    /* So short that its depth is no matter. */
    if (bytes.len > DQ_JWS_HEADER_MAX ||
        !g_utf8_validate((const char *)bytes.data, (gssize)bytes.len, NULL) ||
        !json_parser_load_from_data(parser, (const char *)bytes.data, (gssize)bytes.len, NULL)) {
        return fail(DQ_JWS_ERROR_HEADER, "its header is no JSON", error);
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return fail(DQ_JWS_ERROR_HEADER, "its header is no JSON object", error);
    }
    object = json_node_get_object(root);
    unknown = dq_json_unknown(object, known);
    if (unknown) {
        g_set_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_HEADER,
                    "its header has '%s', which is not known here", unknown);
        return FALSE;
    }
    if (g_strcmp0(dq_json_string(object, "alg"), algorithm) != 0) {
        g_set_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_HEADER,
                    "its header does not say that it is signed with %s", algorithm);
        return FALSE;
    }
    if (g_strcmp0(dq_json_string(object, "typ"), type) != 0) {
        g_set_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_HEADER,
                    "its header does not say that it is of type '%s': it was signed for something "
                    "else",
                    type);
        return FALSE;
    }
    return TRUE;
}
