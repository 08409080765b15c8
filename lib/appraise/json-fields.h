/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON that is read strictly. */
#ifndef APPRAISE_JSON_FIELDS_H
#define APPRAISE_JSON_FIELDS_H

#include <json-glib/json-glib.h>

/**
 * dq_json_load: (transfer full): a parser whose root is an object.
 * @max: so many bytes may @text have
 * @domain, @code: of the error, whose message begins with "it is no JSON"
 */
JsonParser *dq_json_load(const char *text, gsize len, gsize max, GQuark domain, int code,
                         GError **error);

/** dq_json_is_type: whether @node holds one value of @type. */
gboolean dq_json_is_type(JsonNode *node, GType type);

/** dq_json_member: the member of @object if it is of @type; NULL otherwise. */
JsonNode *dq_json_member(JsonObject *object, const char *name, JsonNodeType type);

/** dq_json_string: the text of a member; NULL where it is not there or no text. */
const char *dq_json_string(JsonObject *object, const char *name);

/** dq_json_unknown: the first member that is none of @names; NULL where there is none. */
const char *dq_json_unknown(JsonObject *object, const char *const *names);

#endif
