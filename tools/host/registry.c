/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry.h"

#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "json.h"
#include "print.h"

enum { SUBCOMMAND = 2 /* in the words of the command line */ };

void ctl_print_registry(JsonObject *registry)
{
    g_autofree char *moved = ctl_time_text(number_of(registry, "moved"));

    if (g_str_equal(text_of(registry, "state"), "kept")) {
        printf("registry        tied to the TPM's counter, at %" G_GINT64_FORMAT ", since %s\n",
               number_of(registry, "counter"), moved);
    } else {
        printf("registry        %s: %s\n",
               g_str_equal(text_of(registry, "state"), "held") ? "HELD" : "not tied to the TPM",
               text_of(registry, "why"));
    }
}

static int show(const CtlOptions *options, GError **error)
{
    JsonObject *request = json_object_new();
    g_autoptr(JsonNode) answer = NULL;
    JsonObject *registry;

    json_object_set_string_member(request, "command", "registry");
    answer = ctl_ask_object(options, request, error);
    if (!answer) {
        return EXIT_FAILURE;
    }
    if (options->json) {
        ctl_print_json(answer);
    }
    registry = json_object_get_object_member(json_node_get_object(answer), "registry");
    if (!options->json) {
        ctl_print_registry(registry);
    }
    return g_str_equal(text_of(registry, "state"), "held") ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int accept(const CtlOptions *options, GError **error)
{
    JsonObject *request;
    g_autoptr(JsonNode) answer = NULL;

    if (!options->why) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "registry accept needs --why TEXT: the manager's log keeps the reason");
        return EXIT_FAILURE;
    }
    request = json_object_new();
    json_object_set_string_member(request, "command", "registry-accept");
    json_object_set_string_member(request, "why", options->why);
    answer = ctl_ask_object(options, request, error);
    if (answer && options->json) {
        ctl_print_json(answer);
    }
    return answer ? EXIT_SUCCESS : EXIT_FAILURE;
}

int ctl_registry(const CtlOptions *options, char **words, GError **error)
{
    const guint count = g_strv_length(words);

    if (count == SUBCOMMAND) {
        return show(options, error);
    }
    if (count == SUBCOMMAND + 1 && g_str_equal(words[SUBCOMMAND], "accept")) {
        return accept(options, error);
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                "registry is followed by nothing, or by accept");
    return EXIT_FAILURE;
}
