/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/growing_file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT = 1 << 20, LOOK_EVERY_MS = 100 };

typedef struct Fixture {
    char *dir;
    char *path;
    GrowingFile *file;
} Fixture;

/** What was answered; poisoned before. */
typedef struct Answer {
    gboolean done;
    gsize size;
    char text[64];
    gsize len;
    GError *error;
} Answer;

static void answer_clear(Answer *a)
{
    g_clear_error(&a->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->dir = g_dir_make_tmp("growing-XXXXXX", NULL);
    g_assert_nonnull(f->dir);
    f->path = g_build_filename(f->dir, "log", NULL);
    f->file = growing_file_new(f->path, LIMIT);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    growing_file_free(f->file);
    g_unlink(f->path);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static void append(const Fixture *f, const char *text)
{
    FILE *out = g_fopen(f->path, "a");

    g_assert_nonnull(out);
    g_assert_cmpint(fputs(text, out), >=, 0);
    g_assert_cmpint(fclose(out), ==, 0);
}

static void take(void *data, const GrowingFilePage *page, const GError *error)
{
    Answer *a = data;

    g_assert_false(a->done);
    g_assert_true(!page != !error);
    a->done = TRUE;
    if (error) {
        a->error = g_error_copy(error);
        return;
    }
    a->size = page->size;
    a->len = page->len;
    if (page->len > 0) {
        memcpy(a->text, page->data, MIN(page->len, sizeof(a->text)));
    }
}

static void ask(const Fixture *f, gsize offset, gsize room, Answer *ret)
{
    *ret = (Answer){ .size = 77, .len = 77 };
    growing_file_read(f->file, offset, room, take, ret);
    while (!ret->done) {
        g_main_context_iteration(NULL, TRUE);
    }
}

/* Until the file is looked at again. */
static void wait_a_moment(void)
{
    g_usleep((LOOK_EVERY_MS + 20) * 1000);
}

static void assert_page(const Fixture *f, gsize offset, gsize room, gsize size, const char *text)
{
    g_auto(Answer) a = { 0 };

    ask(f, offset, room, &a);
    g_assert_no_error(a.error);
    g_assert_cmpuint(a.size, ==, size);
    g_assert_cmpmem(a.text, a.len, text, strlen(text));
}

static void pages_of_what_is_there(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    append(f, "first second");
    assert_page(f, 0, 5, 12, "first");
    assert_page(f, 6, 100, 12, "second");
    assert_page(f, 12, 100, 12, "");
    assert_page(f, 13, 100, 12, "");
}

static void what_is_appended_comes_and_the_rest_stays(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    append(f, "first");
    assert_page(f, 0, 100, 5, "first");
    append(f, " second");
    wait_a_moment();
    assert_page(f, 5, 100, 12, " second");
    assert_page(f, 0, 5, 12, "first");
}

static uint64_t bytes_read_by_this_process(void)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents("/proc/self/io", &text, NULL, NULL));
    g_assert_true(g_str_has_prefix(text, "rchar: "));
    return g_ascii_strtoull(text + strlen("rchar: "), NULL, 10);
}

static void a_page_does_not_read_the_whole_again(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *much = g_strnfill(LIMIT - 8, 'x');
    uint64_t before;

    append(f, much);
    assert_page(f, 0, 2, LIMIT - 8, "xx");
    append(f, "end");
    wait_a_moment();
    before = bytes_read_by_this_process();
    for (gsize offset = 4; offset < 400; offset += 4) {
        assert_page(f, offset, 2, LIMIT - 8, "xx");
    }
    assert_page(f, LIMIT - 8, 9, LIMIT - 5, "end");
    g_assert_cmpuint(bytes_read_by_this_process() - before, <, 10000);
}

static void the_main_context_does_not_wait_for_the_file(Fixture *f,
                                                        G_GNUC_UNUSED gconstpointer data)
{
    Answer a = { 0 };

    append(f, "text");
    growing_file_read(f->file, 0, 100, take, &a);
    g_assert_false(a.done);
    while (!a.done) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpmem(a.text, a.len, "text", 4);
}

static void all_who_wait_are_answered(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    Answer a[3] = { { 0 } };

    append(f, "abc");
    for (gsize i = 0; i < G_N_ELEMENTS(a); i++) {
        growing_file_read(f->file, i, 1, take, &a[i]);
    }
    while (!a[2].done) {
        g_main_context_iteration(NULL, TRUE);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(a); i++) {
        g_assert_cmpmem(a[i].text, a[i].len, &"abc"[i], 1);
    }
}

static void a_file_that_became_shorter_is_read_anew(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    append(f, "old text");
    assert_page(f, 0, 100, 8, "old text");
    g_assert_true(g_file_set_contents(f->path, "new", -1, NULL));
    wait_a_moment();
    assert_page(f, 0, 100, 3, "new");
    append(f, "er");
    wait_a_moment();
    assert_page(f, 0, 100, 5, "newer");
}

static void a_file_that_was_replaced_is_read_anew(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    append(f, "old");
    assert_page(f, 0, 100, 3, "old");
    g_assert_true(g_file_set_contents(f->path, "another", -1, NULL));
    wait_a_moment();
    assert_page(f, 0, 100, 7, "another");
}

/* As files of securityfs: no size, and yet bytes. */
static void a_file_without_a_size_is_read(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GrowingFile) file = growing_file_new("/proc/self/status", LIMIT);
    const Fixture other = { .file = file };
    g_auto(Answer) a = { 0 };

    append(f, "");
    ask(&other, 0, 5, &a);
    g_assert_no_error(a.error);
    g_assert_cmpmem(a.text, a.len, "Name:", 5);
    wait_a_moment();
    assert_page(&other, a.size, 100, a.size, "");
}

static void assert_fails(const Fixture *f, gint code)
{
    g_auto(Answer) a = { 0 };

    ask(f, 0, 1, &a);
    g_assert_error(a.error, G_FILE_ERROR, code);
    g_assert_nonnull(strstr(a.error->message, f->path));
}

static void a_file_that_comes_late_is_found(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    assert_fails(f, G_FILE_ERROR_NOENT);
    append(f, "now");
    wait_a_moment();
    assert_page(f, 0, 100, 3, "now");
    g_assert_cmpint(g_unlink(f->path), ==, 0);
    wait_a_moment();
    assert_fails(f, G_FILE_ERROR_NOENT);
}

static void what_is_no_file_is_refused(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_cmpint(mkfifo(f->path, 0600), ==, 0);
    assert_fails(f, G_FILE_ERROR_INVAL);
}

static void a_file_beyond_the_limit_is_refused_and_read_once(Fixture *f,
                                                             G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *much = g_strnfill(LIMIT, 'x');
    uint64_t before;

    append(f, much);
    assert_page(f, LIMIT - 1, 2, LIMIT, "x");
    append(f, "y");
    wait_a_moment();
    assert_fails(f, G_FILE_ERROR_FAILED);
    before = bytes_read_by_this_process();
    wait_a_moment();
    assert_fails(f, G_FILE_ERROR_FAILED);
    g_assert_cmpuint(bytes_read_by_this_process() - before, <, 10000);
    g_assert_cmpint(truncate(f->path, 3), ==, 0);
    wait_a_moment();
    assert_page(f, 0, 100, 3, "xxx");
}

static void who_waits_at_the_end_is_told(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    GrowingFile *file = growing_file_new(f->path, LIMIT);
    g_auto(Answer) a = { 0 };

    append(f, "text");
    growing_file_read(file, 0, 100, take, &a);
    growing_file_free(file);
    g_assert_error(a.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    wait_a_moment();
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Fixture *f, gconstpointer data);
    } tests[] = {
        { "pages-of-what-is-there", pages_of_what_is_there },
        { "what-is-appended-comes-and-the-rest-stays", what_is_appended_comes_and_the_rest_stays },
        { "a-page-does-not-read-the-whole-again", a_page_does_not_read_the_whole_again },
        { "the-main-context-does-not-wait-for-the-file",
          the_main_context_does_not_wait_for_the_file },
        { "all-who-wait-are-answered", all_who_wait_are_answered },
        { "a-file-that-became-shorter-is-read-anew", a_file_that_became_shorter_is_read_anew },
        { "a-file-that-was-replaced-is-read-anew", a_file_that_was_replaced_is_read_anew },
        { "a-file-without-a-size-is-read", a_file_without_a_size_is_read },
        { "a-file-that-comes-late-is-found", a_file_that_comes_late_is_found },
        { "what-is-no-file-is-refused", what_is_no_file_is_refused },
        { "a-file-beyond-the-limit-is-refused-and-read-once",
          a_file_beyond_the_limit_is_refused_and_read_once },
        { "who-waits-at-the-end-is-told", who_waits_at_the_end_is_told },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/daemon/growing-file/", tests[i].name, NULL);

        g_test_add(path, Fixture, NULL, set_up, tests[i].run, tear_down);
    }
    return g_test_run();
}
