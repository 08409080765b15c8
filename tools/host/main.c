/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl: the administrator's tool for vtpm-managerd. */
#include <gio/gio.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "command.h"
#include "common/escape.h"
#include "files.h"
#include "manager_defaults.h"

enum {
    EXIT_USAGE = 2,
    MESSAGE_MAX = 1000, /* characters; a message may quote what others chose */
};

static gboolean show(const CtlCommand *command, const char *line, const CtlOptions *options,
                     GError **error)
{
    g_autoptr(JsonNode) node = json_from_string(line, NULL);
    JsonObject *answer = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

    if (!answer) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "the manager's answer is not understood: check that both are of one version");
        return FALSE;
    }
    if (!json_object_get_boolean_member_with_default(answer, "ok", FALSE)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
                    json_object_get_string_member_with_default(answer, "error", "refused"));
        return FALSE;
    }
    if (!ctl_write_files(answer, options, error)) {
        return FALSE;
    }
    if (options->json) {
        g_autofree char *text = json_to_string(node, TRUE);

        printf("%s\n", text);
        return TRUE;
    }
    if (command->print) {
        command->print(answer);
    }
    return TRUE;
}

static gboolean run(const CtlCommand *command, const char *argument, const CtlOptions *options,
                    GError **error)
{
    const char *socket = options->socket ? options->socket : DEFAULT_ADMIN_SOCKET;
    g_autofree char *line = ctl_command_request(command, argument, options, error);
    g_autofree char *answer = line ? client_ask(socket, line, error) : NULL;

    return answer && show(command, answer, options, error);
}

int main(G_GNUC_UNUSED int argc, char **argv)
{
    g_auto(GStrv) words = NULL;
    g_autofree char *description = ctl_commands_describe();
    CtlOptions options = { 0 };
    const CtlCommand *command = NULL;
    g_autoptr(GError) error = NULL;
    int status = EXIT_SUCCESS;

    setlocale(LC_CTYPE, "");
    g_set_prgname("vtpm-managerctl");
    words = ctl_options_parse(argv, description, &options, &error);
    if (words && options.version) {
        printf("vtpm-managerctl %s\n", PROJECT_VERSION);
    } else if (words) {
        command = ctl_command_find((int)g_strv_length(words), words, &error);
    }
    if (command && command->local) {
        status = command->local(&options);
    } else if (command) {
        run(command, command->argument ? words[2] : NULL, &options, &error);
    }
    if (error) {
        gboolean usage = error->domain == G_OPTION_ERROR;

        g_autofree char *message = escape_text(error->message, MESSAGE_MAX);

        fprintf(stderr, "vtpm-managerctl: %s\n", message);
        if (usage) {
            fprintf(stderr, "Try vtpm-managerctl --help\n");
        }
        status = usage ? EXIT_USAGE : EXIT_FAILURE;
    }
    ctl_options_clear(&options);
    return status;
}
