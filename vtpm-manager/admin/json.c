/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/json.h"

#include "attest/deepquote.h"

JsonObject *admin_answer_new(void)
{
    JsonObject *answer = json_object_new();

    json_object_set_boolean_member(answer, "ok", TRUE);
    return answer;
}

void admin_set_hex(JsonObject *object, const char *member, const uint8_t *data, gsize len)
{
    g_autofree char *hex = dq_hex_encode(data, len);

    json_object_set_string_member(object, member, hex);
}

void admin_set_bytes(JsonObject *object, const char *member, GBytes *bytes)
{
    gsize size = 0;
    const uint8_t *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;

    admin_set_hex(object, member, data, size);
}
