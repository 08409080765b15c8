/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "escrow.h"

#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "common/output.h"
#include "files.h"
#include "json.h"

enum {
    COMMAND = 2, /* in the words of the command line */
    GROUP = 3,
    FILE_NAME = 4,
};

/* (transfer full): the manager's answer about the group. */
static JsonNode *ask(const CtlOptions *options, const char *command, char **words,
                     JsonObject *request, GError **error)
{
    json_object_set_string_member(request, "command", command);
    json_object_set_string_member(request, "group", words[GROUP]);
    if (options->why) {
        json_object_set_string_member(request, "why", options->why);
    }
    return ctl_ask_object(options, request, error);
}

/* Asks, and writes one member of the answer; with --json, the whole answer. */
static int write_member(const CtlOptions *options, const char *command, char **words,
                        const char *member, GError **error)
{
    g_autoptr(JsonNode) answer = ask(options, command, words, json_object_new(), error);

    if (!answer) {
        return EXIT_FAILURE;
    }
    if (options->json) {
        ctl_print_json(answer);
        return EXIT_SUCCESS;
    }
    return output_write_text(options->output, text_of(json_node_get_object(answer), member), error)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}

static int run_make(const CtlOptions *options, char **words, GError **error)
{
    return write_member(options, "escrow", words, "escrow", error);
}

static int run_key(const CtlOptions *options, char **words, GError **error)
{
    return write_member(options, "escrow-key", words, "key", error);
}

/* FALSE where one of them was not put back. */
static gboolean print_vms(const CtlOptions *options, JsonNode *answer)
{
    JsonArray *vms = json_object_get_array_member(json_node_get_object(answer), "vms");
    gboolean all = TRUE;

    if (options->json) {
        ctl_print_json(answer);
    }
    for (guint i = 0; vms && i < json_array_get_length(vms); i++) {
        JsonObject *vm = json_array_get_object_element(vms, i);
        const gboolean restored = truth_of(vm, "restored");

        all = all && restored;
        if (!options->json) {
            printf("%s  %s%s\n", text_of(vm, "uuid"),
                   restored ? "restored" : "NOT restored: ", text_of(vm, "why"));
        }
    }
    return all;
}

static int run_restore(const CtlOptions *options, char **words, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(JsonNode) answer = NULL;
    JsonObject *request;

    if (!options->why) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "escrow restore needs --why TEXT: the audit log keeps the reason");
        return EXIT_FAILURE;
    }
    text = ctl_read_text(words[FILE_NAME], "what tpm2_checkdeepquote approval move has written",
                         error);
    if (!text) {
        return EXIT_FAILURE;
    }
    request = json_object_new();
    json_object_set_string_member(request, "escrow", text);
    json_object_set_boolean_member(request, "replace", options->replace);
    answer = ask(options, "escrow-restore", words, request, error);
    return answer && print_vms(options, answer) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct {
    const char *name;
    guint words; /* of the command line, all of them */
    int (*run)(const CtlOptions *options, char **words, GError **error);
} escrow_table[] = {
    { "make", GROUP + 1, run_make },
    { "key", GROUP + 1, run_key },
    { "restore", FILE_NAME + 1, run_restore },
};

int ctl_escrow(const CtlOptions *options, char **words, GError **error)
{
    const guint count = g_strv_length(words);

    for (gsize i = 0; i < G_N_ELEMENTS(escrow_table); i++) {
        if (count > COMMAND && g_str_equal(words[COMMAND], escrow_table[i].name) &&
            count == escrow_table[i].words) {
            return escrow_table[i].run(options, words, error);
        }
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                "escrow is followed by make GROUP, key GROUP, or restore GROUP FILE");
    return EXIT_FAILURE;
}
