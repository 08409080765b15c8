/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of enrolment by proof, as a verifier reads them. */
#include "host_export.h"

#include "host_key.h"

#include <string.h>

static char *load(const char *name, gsize *ret_len)
{
    g_autofree char *path = g_build_filename(g_getenv("SOURCE_ROOT"), "tests", "fuzz", "corpus",
                                             "host_export", name, NULL);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, ret_len, NULL));
    return text;
}

/* Where the last '}' is. */
static gsize last_brace(const char *text, gsize len)
{
    gsize at = len - 1;

    while (text[at] != '}') {
        g_assert_cmpuint(at, >, 0);
        at--;
    }
    return at;
}

/* The export is poisoned first, and stays as it is where this fails. */
static gboolean parses(const char *text, gsize len)
{
    g_autoptr(GError) error = NULL;
    HostExport export, before;
    const DqBytes bytes = { (const uint8_t *)text, len };
    gboolean ok;

    memset(&export, 0x5a, sizeof(export));
    before = export;
    ok = host_export_parse(bytes, &export, &error);
    if (ok) {
        g_assert_no_error(error);
        host_export_clear(&export);
    } else {
        g_assert_nonnull(error);
        g_assert_cmpmem(&export, sizeof(export), &before, sizeof(before));
    }
    return ok;
}

static gboolean parses_file(const char *name)
{
    gsize len;
    g_autofree char *text = load(name, &len);

    return parses(text, len);
}

static void tells_all_parts(void)
{
    g_autoptr(GError) error = NULL;
    gsize len;
    g_autofree char *text = load("whole", &len);
    HostExport export;

    g_assert_true(host_export_parse((DqBytes){ (const uint8_t *)text, len }, &export, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(export.host.name.len, ==, 34);
    g_assert_false(export.host.simulated);
    g_assert_cmpuint(g_bytes_get_size(export.certificate), ==, 5);
    g_assert_cmpuint(g_bytes_get_size(export.chain), ==, 6);
    g_assert_cmpmem(g_bytes_get_data(export.ek, NULL), g_bytes_get_size(export.ek),
                    export.host.public_area, export.host.public_len);
    host_export_clear(&export);
}

static void a_chain_may_be_left_out(void)
{
    g_assert_true(parses_file("no-chain"));
    g_assert_false(parses_file("chain-no-digits"));
    g_assert_false(parses_file("chain-no-text"));
}

static void refuses_other_files(void)
{
    g_assert_false(parses_file("answer"));
    g_assert_false(parses_file("challenge"));
    g_assert_false(parses_file("other-name"));
    g_assert_false(parses_file("version-text"));
    g_assert_false(parses_file("version-object"));
    g_assert_false(parses_file("type-number"));
    g_assert_false(parses_file("type-null"));
    g_assert_false(parses_file("ek-number"));
}

/* Up to the closing brace; white space after it may be missing. */
static void refuses_each_truncation(void)
{
    gsize len;
    g_autofree char *text = load("whole", &len);
    const gsize brace = last_brace(text, len);

    g_assert_true(parses(text, brace + 1));
    for (gsize n = 0; n <= brace; n++) {
        g_autofree char *part = g_memdup2(text, n);

        g_assert_false(parses(part, n));
    }
}

static void an_answer_has_a_value(void)
{
    gsize len, other_len;
    g_autofree char *text = load("answer", &len);
    g_autofree char *other = load("answer-without-value", &other_len);
    const gsize brace = last_brace(text, len);
    g_autoptr(GBytes) value =
        host_answer_parse((DqBytes){ (const uint8_t *)text, brace + 1 }, NULL);

    g_assert_nonnull(value);
    g_assert_cmpuint(g_bytes_get_size(value), ==, 32);
    g_assert_null(host_answer_parse((DqBytes){ (const uint8_t *)other, other_len }, NULL));
    for (gsize n = 0; n <= brace; n++) {
        g_autofree uint8_t *part = g_memdup2(text, n);
        g_autoptr(GError) error = NULL;

        g_assert_null(host_answer_parse((DqBytes){ part, n }, &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_KEY);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verifier/host-export/tells-all-parts", tells_all_parts);
    g_test_add_func("/verifier/host-export/chain-may-be-left-out", a_chain_may_be_left_out);
    g_test_add_func("/verifier/host-export/refuses-other-files", refuses_other_files);
    g_test_add_func("/verifier/host-export/refuses-each-truncation", refuses_each_truncation);
    g_test_add_func("/verifier/host-export/answer-has-a-value", an_answer_has_a_value);
    return g_test_run();
}
