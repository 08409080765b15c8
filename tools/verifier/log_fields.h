/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of a log's entries: what is in them is somebody else's text. */
#ifndef VERIFIER_LOG_FIELDS_H
#define VERIFIER_LOG_FIELDS_H

#include "appraise/event-fields.h"

#include <json-glib/json-glib.h>

/** log_fields_print: as `name "text", name word`, on standard output. */
void log_fields_print(const GArray *fields);

/** log_fields_json: (transfer full): an array of objects with name and text. */
JsonArray *log_fields_json(const GArray *fields);

#endif
