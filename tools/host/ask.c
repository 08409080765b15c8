/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask.h"

#include <gio/gio.h>
#include <stdio.h>

#include "client.h"
#include "json.h"
#include "manager_defaults.h"

JsonNode *ctl_ask(const CtlOptions *options, const char *line, GError **error)
{
    const char *socket = options->socket ? options->socket : DEFAULT_ADMIN_SOCKET;
    g_autofree char *text = client_ask(socket, line, error);
    g_autoptr(JsonNode) node = text ? json_from_string(text, NULL) : NULL;
    JsonObject *answer = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

    if (!text) {
        return NULL;
    }
    if (!answer) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "the manager's answer is not understood: check that both are of one version");
        return NULL;
    }
    if (!truth_of(answer, "ok")) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
                    json_object_get_string_member_with_default(answer, "error", "refused"));
        return NULL;
    }
    return g_steal_pointer(&node);
}

char *ctl_line(JsonObject *request)
{
    g_autoptr(JsonNode) node = json_node_alloc();
    g_autofree char *text = NULL;

    json_node_init_object(node, request);
    json_object_unref(request);
    text = json_to_string(node, FALSE);
    return g_strconcat(text, "\n", NULL);
}

JsonNode *ctl_ask_object(const CtlOptions *options, JsonObject *request, GError **error)
{
    g_autofree char *line = ctl_line(request);

    return ctl_ask(options, line, error);
}

void ctl_print_json(JsonNode *answer)
{
    g_autofree char *text = json_to_string(answer, TRUE);

    printf("%s\n", text);
}
