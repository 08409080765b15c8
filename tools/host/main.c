/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl: the administrator's tool for vtpm-managerd. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "command.h"
#include "common/escape.h"
#include "files.h"

enum {
    EXIT_USAGE = 2,
    MESSAGE_MAX = 1000, /* characters; a message may quote what others chose */
};

static gboolean run(const CtlCommand *command, const char *argument, const CtlOptions *options,
                    GError **error)
{
    g_autofree char *line = ctl_command_request(command, argument, options, error);
    g_autoptr(JsonNode) node = line ? ctl_ask(options, line, error) : NULL;
    JsonObject *answer = node ? json_node_get_object(node) : NULL;

    if (!answer || !ctl_write_files(answer, options, error)) {
        return FALSE;
    }
    if (options->json) {
        ctl_print_json(node);
    } else if (command->print) {
        command->print(answer);
    }
    return TRUE;
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
        puts("vtpm-managerctl (" PROJECT_NAME ") " PROJECT_VERSION);
    } else if (words) {
        command = ctl_command_find((int)g_strv_length(words), words, &error);
    }
    if (command && command->local) {
        status = command->local(&options, words, &error);
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
