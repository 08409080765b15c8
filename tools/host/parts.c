/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parts.h"

#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "attest/deepquote.h"
#include "common/escape.h"
#include "common/output.h"
#include "json.h"
#include "wire/parts.h"

enum {
    PAUSE_US = 50 * 1000, /* between two questions, while the manager reads files */
    WAIT_S = 300,         /* as long as it takes to read some of the largest, and then some */
};

static JsonNode *ask(const CtlOptions *options, const char *uuid, const char *of, GError **error)
{
    JsonObject *request = json_object_new();

    json_object_set_string_member(request, "command", "parts");
    json_object_set_string_member(request, "uuid", uuid);
    json_object_set_string_member(request, "of", of);
    return ctl_ask_object(options, request, error);
}

GBytes *parts_fetch(const CtlOptions *options, const char *uuid, const char *of, GError **error)
{
    const int64_t end = g_get_monotonic_time() + WAIT_S * G_TIME_SPAN_SECOND;

    while (g_get_monotonic_time() < end) {
        g_autoptr(JsonNode) node = ask(options, uuid, of, error);
        JsonObject *answer = node ? json_node_get_object(node) : NULL;

        if (!answer) {
            return NULL;
        }
        if (truth_of(answer, "ready")) {
            return dq_hex_decode(text_of(answer, "parts"), error);
        }
        g_usleep(PAUSE_US);
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the manager looked for too long");
    return NULL;
}

/* ------------------------------------------------------------------------------------- launch */

static JsonObject *describe(const WirePart *part)
{
    JsonObject *object = json_object_new();
    g_autofree char *digest = dq_hex_encode(part->digest, sizeof(part->digest));
    g_autofree char *bytes = g_strndup((const char *)part->name.p, part->name.len);
    g_autofree char *name = g_utf8_make_valid(bytes, -1);

    json_object_set_string_member(object, "kind", wire_part_kind_word(part->kind));
    json_object_set_string_member(object, "name", name);
    json_object_set_string_member(object, "sha256", digest);
    return object;
}

static JsonObject *describe_all(GBytes *list, GError **error)
{
    const DqBytes bytes = { g_bytes_get_data(list, NULL), g_bytes_get_size(list) };
    g_autofree char *digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, list);
    JsonObject *answer;
    JsonArray *array;
    WireParts parts;
    WirePart part;

    if (!wire_decode_parts((WireBytes){ bytes.data, bytes.len }, &wire_parts_launch, &parts)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "the manager's list is not understood: check that both are of one version");
        return NULL;
    }
    answer = json_object_new();
    array = json_array_new();
    while (wire_next_part(&parts, &part)) {
        json_array_add_object_element(array, describe(&part));
    }
    json_object_set_boolean_member(answer, "ok", TRUE);
    json_object_set_string_member(answer, "digest", digest);
    json_object_set_array_member(answer, "parts", array);
    return answer;
}

static void print(JsonObject *answer)
{
    JsonArray *parts = json_object_get_array_member(answer, "parts");

    printf("%-12s  %-64s  %s\n", "KIND", "SHA-256", "NAME");
    for (guint i = 0; i < json_array_get_length(parts); i++) {
        JsonObject *part = json_array_get_object_element(parts, i);
        g_autofree char *name = escape_text(text_of(part, "name"), WIRE_PART_NAME_MAX);

        printf("%-12s  %-64s  %s\n", text_of(part, "kind"), text_of(part, "sha256"), name);
    }
    printf("%-12s  %-64s  -\n", "launch", text_of(answer, "digest"));
}

static gboolean write_list(const char *path, GBytes *list, GError **error)
{
    g_autoptr(Output) output = output_new();

    output_add(output, path, list);
    return output_write(output, error);
}

int ctl_launch(const CtlOptions *options, char **words, GError **error)
{
    g_autoptr(GBytes) list = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *answer;

    if (g_strv_length(words) != 3) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "launch takes one uuid");
        return EXIT_FAILURE;
    }
    list = parts_fetch(options, words[2], PARTS_OF_LAUNCH, error);
    answer = list && write_list(options->output, list, error) ? describe_all(list, error) : NULL;
    if (!answer) {
        return EXIT_FAILURE;
    }
    if (options->json) {
        node = json_node_init_object(json_node_alloc(), answer);
        ctl_print_json(node);
    } else {
        print(answer);
    }
    json_object_unref(answer);
    return EXIT_SUCCESS;
}
