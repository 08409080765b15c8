/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request to the manager, and its answer as JSON. */
#ifndef TOOLS_HOST_ASK_H
#define TOOLS_HOST_ASK_H

#include <json-glib/json-glib.h>

#include "options.h"

/**
 * ctl_ask: (transfer full): the manager's answer, an object that says it is done.
 * @line: the request, with its end of line
 *
 * Errors: G_IO_ERROR, also where the manager refuses; the message then is the manager's.
 */
JsonNode *ctl_ask(const CtlOptions *options, const char *line, GError **error);

/** ctl_ask_object: as ctl_ask(), for a request that is not a line yet. @request: (transfer full) */
JsonNode *ctl_ask_object(const CtlOptions *options, JsonObject *request, GError **error);

/** ctl_line: (transfer full): @request as a line. @request: (transfer full) */
char *ctl_line(JsonObject *request);

/** ctl_print_json: shows an answer to programs. */
void ctl_print_json(JsonNode *answer);

#endif
