/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statuses and their response codes, against the tables of the specifications. */
#include <glib.h>

#include "wire/deepquote-constants.h"
#include "wire/status.h"

/* How the specification names codes of the library */
static const struct {
    const char *name;
    uint32_t rc;
} library_codes[] = {
    { "", 0x000 },
    { "TPM_RC_RETRY", 0x922 },
    { "TPM_RC_SIZE", 0x095 },
    { "TPM_RC_VALUE", 0x084 },
};

static char *read_specification(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("SOURCE_ROOT"), "docs/specs", name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* The cells of a table's row, blanks and backquotes around them removed; NULL for another line. */
static char **cells_of(const char *line)
{
    char **cells = g_str_has_prefix(line, "|") ? g_strsplit(line + 1, "|", -1) : NULL;

    for (char **c = cells; c && *c; c++) {
        g_strdelimit(*c, "`", ' ');
        g_strstrip(*c);
    }
    return cells;
}

static uint32_t code_of(const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(library_codes); i++) {
        if (g_str_equal(library_codes[i].name, text)) {
            return library_codes[i].rc;
        }
    }
    g_assert_true(g_str_has_prefix(text, "0x"));
    return (uint32_t)g_ascii_strtoull(text, NULL, 16);
}

/* | 1 DENIED | meaning | 0x502 | 0x502 | */
static void the_protocol_has_these_statuses(void)
{
    g_autofree char *text = read_specification("manager-protocol.md");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned rows = 0;
    gboolean inside = FALSE;

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) cells = cells_of(*line);
        char *name;
        uint64_t status;

        if (!cells || g_strv_length(cells) < 5) {
            inside = FALSE;
        } else if (g_str_equal(cells[0], "status")) {
            inside = TRUE;
        } else if (inside && g_ascii_isdigit(cells[0][0])) {
            status = g_ascii_strtoull(cells[0], &name, 10);
            g_assert_cmpuint(status, ==, rows);
            g_assert_cmpstr(manager_status_name((ManagerStatus)status), ==, g_strstrip(name));
            g_assert_cmphex(manager_status_rc((ManagerStatus)status), ==, code_of(cells[2]));
            g_assert_cmphex(manager_status_host_status((ManagerStatus)status), ==,
                            code_of(cells[3]));
            rows++;
        }
    }
    g_assert_cmpuint(rows, ==, MANAGER_STATUS_COUNT);
}

/* | 0x502 | DENIED | meaning | */
static void the_wire_format_has_these_codes(void)
{
    g_autofree char *text = read_specification("deepquote-wire.md");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned rows = 0, matched = 0;

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) cells = cells_of(*line);
        uint32_t rc;

        if (!cells || g_strv_length(cells) < 3 || !g_str_has_prefix(cells[0], "0x50")) {
            continue;
        }
        rc = code_of(cells[0]);
        rows++;
        for (unsigned s = 0; s < MANAGER_STATUS_COUNT; s++) {
            if (g_str_equal(manager_status_name((ManagerStatus)s), cells[1])) {
                g_assert_cmphex(manager_status_host_status((ManagerStatus)s), ==, rc);
                matched++;
            }
        }
    }
    g_assert_cmpuint(rows, ==, 6);
    g_assert_cmpuint(matched, ==, 5); /* NO_MANAGER is no manager's status */
}

static void what_is_no_status_is_a_failure(void)
{
    g_assert_null(manager_status_name(MANAGER_STATUS_COUNT));
    g_assert_null(manager_status_name((ManagerStatus)-1));
    g_assert_cmphex(manager_status_rc(MANAGER_STATUS_COUNT), ==, TPM_RC_FAILURE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/status/the-protocol-has-these-statuses",
                    the_protocol_has_these_statuses);
    g_test_add_func("/wire/status/the-wire-format-has-these-codes",
                    the_wire_format_has_these_codes);
    g_test_add_func("/wire/status/what-is-no-status-is-a-failure", what_is_no_status_is_a_failure);
    return g_test_run();
}
