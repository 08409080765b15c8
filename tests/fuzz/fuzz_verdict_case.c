/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of a journal: any JSON is one or an error; one that was read is written and reads the same.
 */
#include "verdict_case.h"

#include "common/input.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Contents are what their digests say in digits, but for digests that begin with zero. */
static GBytes *fetch(const uint8_t digest[DQ_HASH_SIZE], const char *what,
                     G_GNUC_UNUSED gpointer data, GError **error)
{
    if (digest[0] == 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s was removed", what);
        return NULL;
    }
    return g_bytes_new(digest, DQ_HASH_SIZE);
}

/* Its contents are others in the second reading, so that only what else it says is the same. */
static void read_and_write(JsonObject *o)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VerdictCase) c = verdict_case_read(o, fetch, NULL, &error), again = NULL;
    g_autoptr(GPtrArray) contents = g_ptr_array_new();
    JsonObject *json, *second;

    g_assert_true((!c) == (error && error->domain == DQ_ERROR));
    if (!c) {
        return;
    }
    json = verdict_case_json(c, contents);
    again = verdict_case_read(json, fetch, NULL, NULL);
    if (again) {
        second = verdict_case_json(again, contents);
        g_assert_true(json_node_equal(json_object_get_member(json, "store"),
                                      json_object_get_member(second, "store")));
        json_object_unref(second);
    }
    json_object_unref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root;

    if (strlen(text) != size || size > 65536 || !g_utf8_validate(text, (gssize)size, NULL) ||
        !input_is_shallow(text, size) ||
        !json_parser_load_from_data(parser, text, (gssize)size, NULL)) {
        return 0;
    }
    root = json_parser_get_root(parser);
    if (root && JSON_NODE_HOLDS_OBJECT(root)) {
        read_and_write(json_node_get_object(root));
    }
    return 0;
}
