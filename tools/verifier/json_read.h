/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON that somebody else wrote. */
#ifndef VERIFIER_JSON_READ_H
#define VERIFIER_JSON_READ_H

#include <json-glib/json-glib.h>

/** json_read_object: (nullable): a member that is an object, borrowed; @o may be NULL. */
JsonObject *json_read_object(JsonObject *o, const char *member);

/** json_read_text: (nullable): a member that is text, borrowed; @o may be NULL. */
const char *json_read_text(JsonObject *o, const char *member);

/** json_read_truth: FALSE for a member that is not there or is something else. */
gboolean json_read_truth(JsonObject *o, const char *member);

#endif
