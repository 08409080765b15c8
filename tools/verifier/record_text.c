/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record_text.h"

#include <stdio.h>
#include <string.h>

char *text_time(int64_t seconds)
{
    g_autoptr(GDateTime) time = seconds == 0 ? NULL : g_date_time_new_from_unix_utc(seconds);

    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

gboolean text_read_time(const char *text, int64_t *ret)
{
    g_autofree char *full = g_strconcat(text, strlen(text) == 10 ? "T00:00:00Z" : "", NULL);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(full, utc);

    if (!time) {
        return FALSE;
    }
    *ret = g_date_time_to_unix(time);
    return TRUE;
}

char *text_name(const DqName *name)
{
    return name->len == 0 ? NULL : dq_hex_encode(name->data, name->len);
}

void json_set_text(JsonObject *object, const char *member, const char *text)
{
    if (!text) {
        json_object_set_null_member(object, member);
    } else {
        json_object_set_string_member(object, member, text);
    }
}

void json_set_time(JsonObject *object, const char *member, int64_t seconds)
{
    g_autofree char *text = text_time(seconds);

    json_set_text(object, member, text);
}

void json_set_name(JsonObject *object, const char *member, const DqName *name)
{
    g_autofree char *text = text_name(name);

    json_set_text(object, member, text);
}

void json_set_hex(JsonObject *object, const char *member, const uint8_t *data, gsize len)
{
    g_autofree char *text = dq_hex_encode(data, len);

    json_set_text(object, member, text);
}

void json_set_uuid(JsonObject *object, const char *member, const uint8_t *uuid)
{
    g_autofree char *text = dq_uuid_format(uuid);

    json_set_text(object, member, text);
}

void json_set_u64(JsonObject *object, const char *member, uint64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

    json_set_text(object, member, text);
}

void json_print(JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), object);
    g_autofree char *text = json_to_string(node, FALSE);

    json_object_unref(object);
    puts(text);
}
