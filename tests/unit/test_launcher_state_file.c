/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where swtpm keeps a state, and whether it is encrypted. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "state_file.h"

typedef struct Fixture {
    char *folder;
    char *path;
} Fixture;

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->folder = g_dir_make_tmp("state-file-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "tpm2-00.permall", NULL);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_unlink(f->path);
    g_rmdir(f->folder);
    g_free(f->path);
    g_free(f->folder);
}

static StateFileKind look(const Fixture *f, const char *header, gsize len)
{
    g_assert_true(g_file_set_contents(f->path, header, (gssize)len, NULL));
    return state_file_look(f->path);
}

/* version, oldest version, size of the header, flags, size of all */
#define PLAIN "\2\1\0\12\0\0\0\0\5\51"
#define ENCRYPTED "\2\1\0\12\0\11\0\0\5\174"

static void test_kinds(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_cmpint(state_file_look(f->path), ==, STATE_FILE_ABSENT);
    g_assert_cmpint(look(f, PLAIN, 10), ==, STATE_FILE_PLAIN);
    g_assert_cmpint(look(f, PLAIN "more", 14), ==, STATE_FILE_PLAIN);
    g_assert_cmpint(look(f, ENCRYPTED, 10), ==, STATE_FILE_ENCRYPTED);
}

static void test_each_truncation(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    for (gsize len = 0; len < 10; len++) {
        g_assert_cmpint(look(f, ENCRYPTED, len), ==, STATE_FILE_UNKNOWN);
    }
}

static void test_what_is_no_state(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_cmpint(look(f, "\2\1\0\13\0\11\0\0\5\174", 10), ==, STATE_FILE_UNKNOWN);
    g_assert_cmpint(state_file_look(f->folder), ==, STATE_FILE_UNKNOWN);
    g_unlink(f->path);
    g_assert_cmpint(symlink("/etc/passwd", f->path), ==, 0);
    g_assert_cmpint(state_file_look(f->path), ==, STATE_FILE_UNKNOWN);
}

static void test_where_it_is(void)
{
    static const struct {
        const char *tpmstate;
        gboolean tpm2;
        const char *path; /* NULL: in no folder */
    } rows[] = {
        { "dir=/a", TRUE, "/a/tpm2-00.permall" },
        { "dir=/a,mode=0600", TRUE, "/a/tpm2-00.permall" },
        { "mode=0600,dir=/a", FALSE, "/a/tpm-00.permall" },
        { "backend-uri=dir:///a,lock", TRUE, "/a/tpm2-00.permall" },
        { "/a", TRUE, "/a/tpm2-00.permall" },
        { "backend-uri=file:///a", TRUE, NULL },
        { "mode=0600", TRUE, NULL },
        { "", TRUE, NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        StateFile file;

        g_assert_cmpint(state_file_find(rows[i].tpmstate, rows[i].tpm2, &file), ==,
                        rows[i].path != NULL);
        if (rows[i].path) {
            g_assert_cmpstr(file.path, ==, rows[i].path);
        }
    }
}

static void test_long_path(void)
{
    g_autofree char *name = g_strnfill(PATH_MAX, 'x');
    g_autofree char *tpmstate = g_strconcat("dir=/", name, NULL);
    StateFile file;

    g_assert_false(state_file_find(tpmstate, TRUE, &file));
    tpmstate[strlen("dir=") + PATH_MAX - 1] = '\0';
    g_assert_true(state_file_find(tpmstate, TRUE, &file));
    g_assert_true(g_str_has_suffix(file.path, "x/tpm2-00.permall"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/launcher/state-file/kinds", Fixture, NULL, set_up, test_kinds, tear_down);
    g_test_add("/launcher/state-file/each-truncation", Fixture, NULL, set_up, test_each_truncation,
               tear_down);
    g_test_add("/launcher/state-file/what-is-no-state", Fixture, NULL, set_up,
               test_what_is_no_state, tear_down);
    g_test_add_func("/launcher/state-file/where-it-is", test_where_it_is);
    g_test_add_func("/launcher/state-file/long-path", test_long_path);
    return g_test_run();
}
