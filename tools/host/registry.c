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

static int accept(const CtlOptions *options, G_GNUC_UNUSED char **words, GError **error)
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

static void print_copy(JsonObject *copy)
{
    printf("%s\nwhole, and written by this host's manager: %" G_GINT64_FORMAT
           " VMs, counter %" G_GINT64_FORMAT,
           text_of(copy, "path"), number_of(copy, "vms"), number_of(copy, "counter"));
    if (number_of(copy, "present") > number_of(copy, "counter")) {
        printf("; the TPM's is at %" G_GINT64_FORMAT " by now", number_of(copy, "present"));
    }
    printf("\n");
}

/* @name: of a copy that is there; NULL: one is to be made */
static int copy(const CtlOptions *options, const char *name, GError **error)
{
    JsonObject *request = json_object_new();
    g_autoptr(JsonNode) answer = NULL;

    json_object_set_string_member(request, "command", name ? "registry-verify" : "registry-backup");
    if (name) {
        json_object_set_string_member(request, "name", name);
    }
    answer = ctl_ask_object(options, request, error);
    if (answer && options->json) {
        ctl_print_json(answer);
    } else if (answer && json_object_has_member(json_node_get_object(answer), "copy")) {
        print_copy(json_object_get_object_member(json_node_get_object(answer), "copy"));
    }
    return answer ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int backup(const CtlOptions *options, G_GNUC_UNUSED char **words, GError **error)
{
    return copy(options, NULL, error);
}

/* A path is taken too, for who pastes what `backup` printed. */
static int verify(const CtlOptions *options, char **words, GError **error)
{
    g_autofree char *name = g_path_get_basename(words[SUBCOMMAND + 1]);

    return copy(options, name, error);
}

static const struct {
    const char *name;
    guint words; /* of the command line, all of them */
    int (*run)(const CtlOptions *options, char **words, GError **error);
} registry_table[] = {
    { "accept", SUBCOMMAND + 1, accept },
    { "backup", SUBCOMMAND + 1, backup },
    { "verify", SUBCOMMAND + 2, verify },
};

int ctl_registry(const CtlOptions *options, char **words, GError **error)
{
    const guint count = g_strv_length(words);

    if (count == SUBCOMMAND) {
        return show(options, error);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(registry_table); i++) {
        if (count == registry_table[i].words &&
            g_str_equal(words[SUBCOMMAND], registry_table[i].name)) {
            return registry_table[i].run(options, words, error);
        }
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                "registry is followed by nothing, or by accept, backup, or verify and a copy");
    return EXIT_FAILURE;
}
