/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "challenge_command.h"

#include "command.h"
#include "record_text.h"

#include <stdio.h>

enum {
    EXPIRES_DEFAULT_S = 600,
    EXPIRES_MAX_S = 366 * 24 * 3600,
    COUNT_MAX = 100000,
};

/** The command line as it was given. */
static struct {
    char *store, *vm;
    int expires, count;
    gboolean json;
} opt = { .expires = EXPIRES_DEFAULT_S, .count = 1 };

static const GOptionEntry entries[] = {
    { "store", 0, 0, G_OPTION_ARG_FILENAME, &opt.store, "Where the challenges are remembered",
      "FILE" },
    { "expires", 0, 0, G_OPTION_ARG_INT, &opt.expires, "How long they are good (600)", "SECONDS" },
    { "count", 0, 0, G_OPTION_ARG_INT, &opt.count, "How many to issue (1)", "N" },
    { "vm", 0, 0, G_OPTION_ARG_STRING, &opt.vm, "The only VM that may answer them", "UUID" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "Print one JSON object", NULL },
    { 0 },
};

static void print_json(const uint8_t *challenges, int64_t expires)
{
    JsonObject *object = json_object_new();
    JsonArray *array = json_array_new();

    for (int i = 0; i < opt.count; i++) {
        g_autofree char *hex =
            dq_hex_encode(challenges + (gsize)i * DQ_CHALLENGE_SIZE, DQ_CHALLENGE_SIZE);

        json_array_add_string_element(array, hex);
    }
    json_object_set_array_member(object, "challenges", array);
    json_set_time(object, "expires", expires);
    json_print(object);
}

static void print_text(const uint8_t *challenges)
{
    for (int i = 0; i < opt.count; i++) {
        g_autofree char *hex =
            dq_hex_encode(challenges + (gsize)i * DQ_CHALLENGE_SIZE, DQ_CHALLENGE_SIZE);

        puts(hex);
    }
}

static gboolean in_range(const char *option, int value, int max, GError **error)
{
    if (value < 1 || value > max) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: give 1 to %d", option,
                    max);
        return FALSE;
    }
    return TRUE;
}

int challenge_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(entries, argv, "- issue challenges", 0, error);
    g_autoptr(DqStoreFile) store = NULL;
    g_autofree uint8_t *challenges = NULL;
    uint8_t uuid[DQ_UUID_SIZE];
    int64_t now = command_now();

    if (!words || !in_range("--expires", opt.expires, EXPIRES_MAX_S, error) ||
        !in_range("--count", opt.count, COUNT_MAX, error) ||
        (opt.vm && !dq_uuid_parse(opt.vm, uuid, error))) {
        return EXIT_UNUSABLE;
    }
    store = command_open_store(opt.store, error);
    challenges = g_malloc0((gsize)opt.count * DQ_CHALLENGE_SIZE);
    if (!store || !dq_store_file_issue(store, (guint)opt.count, now, now + opt.expires,
                                       opt.vm ? uuid : NULL, challenges, error)) {
        return EXIT_UNUSABLE;
    }
    if (opt.json) {
        print_json(challenges, now + opt.expires);
    } else {
        print_text(challenges);
    }
    return EXIT_DONE;
}
