/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "attest/deepquote.h"
#include "common/output.h"
#include "json.h"
#include "print.h"

enum {
    SUBCOMMAND = 2, /* in the words of the command line */
    PEM_LINE = 64,  /* characters of Base64 */
};

static void add_pem(GString *text, const char *hex)
{
    g_autoptr(GBytes) der = dq_hex_decode(hex, NULL);
    gsize len = 0;
    const uint8_t *data = der ? g_bytes_get_data(der, &len) : NULL;
    g_autofree char *base64 = g_base64_encode(data, len);

    g_string_append_printf(text, "%s-----BEGIN CERTIFICATE-----\n", text->len > 0 ? "\n" : "");
    for (const char *at = base64; *at;) {
        g_autofree char *line = g_strndup(at, PEM_LINE);

        g_string_append_printf(text, "%s\n", line);
        at += strlen(line);
    }
    g_string_append(text, "-----END CERTIFICATE-----");
}

static gboolean print(JsonNode *answer, const CtlOptions *options, GError **error)
{
    JsonArray *all = json_object_get_array_member(json_node_get_object(answer), "authorities");
    g_autoptr(GString) pem = g_string_new(NULL);

    if (options->json) {
        ctl_print_json(answer);
    }
    for (guint i = 0; i < json_array_get_length(all); i++) {
        JsonObject *one = json_array_get_object_element(all, i);
        g_autofree char *until = ctl_time_text(number_of(one, "until"));

        if (!options->json) {
            printf("%-15s key %s, until %s\n", i == 0 ? "issues" : "issued before",
                   text_of(one, "key"), until);
        }
        add_pem(pem, text_of(one, "certificate"));
    }
    return !options->output || output_write_text(options->output, pem->str, error);
}

static int ask(const CtlOptions *options, const char *command, GError **error)
{
    JsonObject *request = json_object_new();
    g_autoptr(JsonNode) answer = NULL;

    json_object_set_string_member(request, "command", command);
    if (options->why) {
        json_object_set_string_member(request, "why", options->why);
    }
    answer = ctl_ask_object(options, request, error);
    return answer && print(answer, options, error) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int ctl_authority(const CtlOptions *options, char **words, GError **error)
{
    const guint count = g_strv_length(words);

    if (count == SUBCOMMAND) {
        return ask(options, "authority", error);
    }
    if (count != SUBCOMMAND + 1 || !g_str_equal(words[SUBCOMMAND], "renew")) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "authority is followed by nothing, or by renew");
        return EXIT_FAILURE;
    }
    if (!options->why) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "authority renew needs --why TEXT: the audit log keeps the reason");
        return EXIT_FAILURE;
    }
    return ask(options, "authority-renew", error);
}
