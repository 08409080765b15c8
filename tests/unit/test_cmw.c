/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collections of conceptual message wrappers. Another decoder reads the same vectors:
 * tests/vectors/check_cmw.py. */
#include "cmw/cmw.h"

#include "attest/bytes.h"

#include <json-glib/json-glib.h>
#include <string.h>

static void fill(DqCmw *cmw)
{
    for (guint i = 0; i < DQ_CMW_PARTS; i++) {
        g_autofree char *text = g_strdup_printf("part %u of a collection", i);

        cmw->part[i] = g_bytes_new(text, strlen(text));
    }
}

static void expect_equal(const DqCmw *a, const DqCmw *b)
{
    for (guint i = 0; i < DQ_CMW_PARTS; i++) {
        g_assert_true(!a->part[i] == !b->part[i]);
        g_assert_true(!a->part[i] || g_bytes_equal(a->part[i], b->part[i]));
    }
}

static void expect_malformed(GBytes *bytes)
{
    GBytes *const poison = (GBytes *)1;
    DqCmw cmw = { { poison } };
    g_autoptr(GError) error = NULL;

    g_assert_false(dq_cmw_decode(bytes, &cmw, &error));
    g_assert_error(error, DQ_CMW_ERROR, DQ_CMW_ERROR_MALFORMED);
    g_assert_true(cmw.part[0] == poison && !cmw.part[1]);
}

static void comes_back_as_it_was(gconstpointer form)
{
    g_auto(DqCmw) cmw = { 0 }, again = { 0 };
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GError) error = NULL;

    fill(&cmw);
    g_clear_pointer(&cmw.part[DQ_CMW_SIGNATURE], g_bytes_unref);
    bytes = dq_cmw_encode(&cmw, (DqCmwForm)GPOINTER_TO_INT(form));
    g_assert_true(dq_cmw_decode(bytes, &again, &error));
    g_assert_no_error(error);
    expect_equal(&cmw, &again);
}

static void refuses_each_truncation(gconstpointer form)
{
    g_auto(DqCmw) cmw = { 0 };
    g_autoptr(GBytes) bytes = NULL;
    gsize len;
    const uint8_t *data;

    fill(&cmw);
    bytes = dq_cmw_encode(&cmw, (DqCmwForm)GPOINTER_TO_INT(form));
    data = g_bytes_get_data(bytes, &len);
    for (gsize n = 0; n < len; n++) {
        g_autoptr(GBytes) cut = g_bytes_new(data, n); /* no more, for the sanitizer */

        expect_malformed(cut);
    }
}

static void leaves_out_what_has_no_bytes(gconstpointer form)
{
    g_auto(DqCmw) cmw = { 0 }, again = { 0 };
    g_autoptr(GBytes) bytes = NULL;

    cmw.part[DQ_CMW_SIGNATURE] = g_bytes_new(NULL, 0);
    bytes = dq_cmw_encode(&cmw, (DqCmwForm)GPOINTER_TO_INT(form));
    g_assert_true(dq_cmw_decode(bytes, &again, NULL));
    g_assert_null(again.part[DQ_CMW_SIGNATURE]);
}

/* ---------------------------------------------------------------------------------- Vectors */

static void expect_parts(GBytes *bytes, JsonObject *parts)
{
    g_auto(DqCmw) cmw = { 0 };
    g_autoptr(GError) error = NULL;
    guint count = 0;

    g_assert_true(dq_cmw_decode(bytes, &cmw, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < DQ_CMW_PARTS; i++) {
        const char *label = dq_cmw_label((DqCmwPart)i);

        g_assert_true(json_object_has_member(parts, label) == (cmw.part[i] != NULL));
        if (cmw.part[i]) {
            g_autoptr(GBytes) want =
                dq_hex_decode(json_object_get_string_member(parts, label), NULL);

            g_assert_true(g_bytes_equal(cmw.part[i], want));
            count++;
        }
    }
    g_assert_cmpuint(count, ==, json_object_get_size(parts));
}

static void is_as_the_vector_says(gconstpointer path)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GBytes) bytes = NULL;
    JsonObject *o;

    g_assert_true(json_parser_load_from_file(parser, path, NULL));
    o = json_node_get_object(json_parser_get_root(parser));
    bytes = dq_hex_decode(json_object_get_string_member(o, "collection"), NULL);
    if (json_object_get_null_member(o, "parts")) {
        expect_malformed(bytes);
    } else {
        expect_parts(bytes, json_object_get_object_member(o, "parts"));
    }
}

static void add_vectors(void)
{
    g_autofree char *folder =
        g_build_filename(g_getenv("SOURCE_ROOT"), "tests", "vectors", "cmw", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *test = g_strconcat("/cmw/vectors/", name, NULL);

        g_test_add_data_func_full(test, g_build_filename(folder, name, NULL), is_as_the_vector_says,
                                  g_free);
    }
}

static void add(const char *name, GTestDataFunc run)
{
    static const char *const forms[] = { [DQ_CMW_JSON] = "json", [DQ_CMW_CBOR] = "cbor" };

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *path = g_strconcat("/cmw/", forms[i], "/", name, NULL);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), run);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("comes-back-as-it-was", comes_back_as_it_was);
    add("refuses-each-truncation", refuses_each_truncation);
    add("leaves-out-what-has-no-bytes", leaves_out_what_has_no_bytes);
    add_vectors();
    return g_test_run();
}
