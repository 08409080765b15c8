/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verifier's challenge as a host reads it. */
#include "challenge.h"

#include <string.h>

static const char good[] = "{\"type\": \"deepquote-host-challenge\", \"version\": 1, "
                           "\"credential\": \"00\", \"secret\": \"01\"}";

static gboolean is_one(const char *text, gsize len)
{
    g_autoptr(JsonNode) challenge = challenge_parse(text, len);

    return challenge != NULL;
}

static void takes_a_challenge(void)
{
    g_autoptr(JsonNode) challenge = challenge_parse(good, strlen(good));
    JsonObject *object;

    g_assert_nonnull(challenge);
    object = json_node_get_object(challenge);
    g_assert_cmpstr(json_object_get_string_member(object, "credential"), ==, "00");
    g_assert_cmpstr(json_object_get_string_member(object, "secret"), ==, "01");
}

static void refuses_each_truncation(void)
{
    for (gsize n = 0; n < strlen(good); n++) {
        g_autofree char *part = g_memdup2(good, n);

        g_assert_false(is_one(part, n));
    }
}

static void refuses_other_files(void)
{
    static const char *const others[] = {
        "{}",
        "[]",
        "7",
        "{\"type\": \"deepquote-host-challenge\"}",
        "{\"type\": \"deepquote-host-challenge\", \"version\": 2}",
        "{\"type\": \"deepquote-host-challenge\", \"version\": \"1\"}",
        "{\"type\": \"deepquote-host-answer\", \"version\": 1}",
        "{\"type\": 7, \"version\": 1}",
        "{\"type\": null, \"version\": 1}",
        "{\"type\": \"deepquote-host-challenge\", \"version\": 1, \"x\": \"\xff\"}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_assert_false(is_one(others[i], strlen(others[i])));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tools/challenge/takes-a-challenge", takes_a_challenge);
    g_test_add_func("/tools/challenge/refuses-each-truncation", refuses_each_truncation);
    g_test_add_func("/tools/challenge/refuses-other-files", refuses_other_files);
    return g_test_run();
}
