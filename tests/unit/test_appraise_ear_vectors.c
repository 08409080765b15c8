/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results that were signed, and such that were changed. Another decoder reads the same vectors:
 * tests/vectors/check_ear.py. */
#include "appraise/jws-verify.h"

#include "attest/bytes.h"

#include <json-glib/json-glib.h>
#include <string.h>

static DqBytes bytes_of(const char *text)
{
    return (DqBytes){ (const uint8_t *)text, strlen(text) };
}

static void expect_claims(GBytes *payload, JsonNode *claims)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    const DqBytes bytes = dq_bytes_peek(payload);

    g_assert_true(
        json_parser_load_from_data(parser, (const char *)bytes.data, (gssize)bytes.len, NULL));
    g_assert_true(json_node_equal(json_parser_get_root(parser), claims));
}

static void is_as_the_vector_says(gconstpointer path)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(DqJwsPublic) key = NULL;
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(GError) error = NULL;
    JsonObject *o;

    g_assert_true(json_parser_load_from_file(parser, path, NULL));
    o = json_node_get_object(json_parser_get_root(parser));
    key = dq_jws_public_new(bytes_of(json_object_get_string_member(o, "key")), NULL);
    g_assert_nonnull(key);
    payload =
        dq_jws_verify(key, "eat+jwt", bytes_of(json_object_get_string_member(o, "token")), &error);
    if (json_object_get_null_member(o, "claims")) {
        g_assert_null(payload);
        g_assert_true(error && error->domain == DQ_JWS_ERROR);
    } else {
        g_assert_no_error(error);
        expect_claims(payload, json_object_get_member(o, "claims"));
    }
}

int main(int argc, char **argv)
{
    g_autofree char *folder =
        g_build_filename(g_getenv("SOURCE_ROOT"), "tests", "vectors", "ear", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    g_test_init(&argc, &argv, NULL);
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *test = g_strconcat("/appraise/ear-vectors/", name, NULL);

        g_test_add_data_func_full(test, g_build_filename(folder, name, NULL), is_as_the_vector_says,
                                  g_free);
    }
    return g_test_run();
}
