/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of the manager's answers; a missing one reads as empty. */
#ifndef TOOLS_HOST_JSON_H
#define TOOLS_HOST_JSON_H

#include <json-glib/json-glib.h>
#include <stdint.h>

static inline const char *text_of(JsonObject *object, const char *member)
{
    return json_object_get_string_member_with_default(object, member, "");
}

static inline int64_t number_of(JsonObject *object, const char *member)
{
    return json_object_get_int_member_with_default(object, member, 0);
}

static inline gboolean truth_of(JsonObject *object, const char *member)
{
    return json_object_get_boolean_member_with_default(object, member, FALSE);
}

static inline const char *or_none(const char *text)
{
    return *text ? text : "-";
}

#endif
