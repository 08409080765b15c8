/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include <stdlib.h>

#include "ask.h"
#include "challenge.h"
#include "common/input.h"
#include "common/output.h"
#include "json.h"

enum {
    COMMAND = 2, /* in the words of the command line */
    FILE_NAME = 3,
    VERSION = 1,
};

/* @answer is the manager's: it becomes the file that @type names. */
static gboolean write_file(JsonNode *answer, const char *type, const CtlOptions *options,
                           GError **error)
{
    JsonObject *object = json_node_get_object(answer);
    g_autofree char *json = NULL;

    json_object_remove_member(object, "ok");
    json_object_set_string_member(object, "type", type);
    json_object_set_int_member(object, "version", VERSION);
    json = json_to_string(answer, TRUE);
    return output_write_text(options->output, json, error);
}

static gboolean run_export(const CtlOptions *options, G_GNUC_UNUSED const char *file,
                           GError **error)
{
    JsonObject *request = json_object_new();
    g_autoptr(JsonNode) answer = NULL;

    json_object_set_string_member(request, "command", "export");
    answer = ctl_ask_object(options, request, error);
    return answer && write_file(answer, "deepquote-host", options, error);
}

/* (transfer full): the verifier's challenge; NULL with the error set. */
static JsonNode *read_challenge(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, CHALLENGE_MAX, error);
    JsonNode *challenge;

    if (!bytes) {
        return NULL;
    }
    challenge = challenge_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    if (!challenge) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s: it is no challenge of version %d: give the file that the verifier's host "
                    "challenge wrote",
                    path, VERSION);
    }
    return challenge;
}

static gboolean run_activate(const CtlOptions *options, const char *file, GError **error)
{
    g_autoptr(JsonNode) challenge = read_challenge(file, error);
    g_autoptr(JsonNode) answer = NULL;
    JsonObject *request, *object;

    if (!challenge) {
        return FALSE;
    }
    object = json_node_get_object(challenge);
    request = json_object_new();
    json_object_set_string_member(request, "command", "activate");
    json_object_set_string_member(request, "credential", text_of(object, "credential"));
    json_object_set_string_member(request, "secret", text_of(object, "secret"));
    answer = ctl_ask_object(options, request, error);
    return answer && write_file(answer, "deepquote-host-answer", options, error);
}

static const struct {
    const char *name;
    guint words; /* of the command line, all of them */
    gboolean (*run)(const CtlOptions *options, const char *file, GError **error);
} host_table[] = {
    { "export", FILE_NAME, run_export },
    { "activate", FILE_NAME + 1, run_activate },
};

int ctl_host(const CtlOptions *options, char **words, GError **error)
{
    const guint count = g_strv_length(words);

    for (gsize i = 0; i < G_N_ELEMENTS(host_table); i++) {
        if (count > COMMAND && g_str_equal(words[COMMAND], host_table[i].name) &&
            count == host_table[i].words) {
            return host_table[i].run(options, words[FILE_NAME], error) ? EXIT_SUCCESS
                                                                       : EXIT_FAILURE;
        }
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                "host is followed by export, or by activate and the verifier's file");
    return EXIT_FAILURE;
}
