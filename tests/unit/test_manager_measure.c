/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests of files, and what code a process runs. */
#include "measure/file_digests.h"
#include "measure/mapping.h"
#include "measure/measurement.h"
#include "measure/process_files.h"
#include "measure/process_parts.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/parts.h"

typedef struct Fixture {
    char *dir;
    char *path;
    FileDigests *digests;
} Fixture;

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->dir = g_dir_make_tmp("measure-XXXXXX", NULL);
    g_assert_nonnull(f->dir);
    f->path = g_build_filename(f->dir, "file", NULL);
    f->digests = file_digests_new(2, G_MAXINT32);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    file_digests_free(f->digests);
    g_unlink(f->path);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static void write_file(const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
}

static void assert_digest(FileDigests *digests, const char *path, const char *text)
{
    g_autofree char *want = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    g_autoptr(GString) got = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    const int fd = g_open(path, O_RDONLY | O_CLOEXEC, 0);

    memset(digest, 0xA5, sizeof(digest));
    file_digests_get(digests, fd, path, digest, &error);
    g_assert_no_error(error);
    close(fd);
    for (gsize i = 0; i < sizeof(digest); i++) {
        g_string_append_printf(got, "%02x", digest[i]);
    }
    g_assert_cmpstr(got->str, ==, want);
}

/* Files of the system are old enough to be remembered. */
static void test_remembers_old_files(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const paths[] = { "/etc/passwd", "/etc/group", "/etc/debian_version" };
    g_autofree char *text[G_N_ELEMENTS(paths)] = { NULL };

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_assert_true(g_file_get_contents(paths[i], &text[i], NULL, NULL));
    }
    for (int i = 0; i < 3; i++) {
        assert_digest(f->digests, paths[0], text[0]);
        assert_digest(f->digests, paths[1], text[1]);
    }
    g_assert_cmpuint(file_digests_read(f->digests), ==, 2);
    assert_digest(f->digests, paths[2], text[2]); /* the first goes, it is unused for longest */
    assert_digest(f->digests, paths[1], text[1]);
    g_assert_cmpuint(file_digests_read(f->digests), ==, 3);
    assert_digest(f->digests, paths[0], text[0]);
    g_assert_cmpuint(file_digests_read(f->digests), ==, 4);
    for (gsize i = 0; i < G_N_ELEMENTS(text); i++) {
        g_free(g_steal_pointer(&text[i]));
    }
}

static void test_sees_a_file_of_the_same_size(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const int fd = g_open(f->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    g_assert_cmpint(write(fd, "abc", 3), ==, 3);
    assert_digest(f->digests, f->path, "abc");
    g_assert_cmpint(pwrite(fd, "abd", 3, 0), ==, 3); /* in the same tick of the clock */
    assert_digest(f->digests, f->path, "abd");
    g_usleep(3100 * 1000);
    assert_digest(f->digests, f->path, "abd");
    assert_digest(f->digests, f->path, "abd");
    g_assert_cmpuint(file_digests_read(f->digests), ==, 3); /* now it is remembered */
    g_assert_cmpint(pwrite(fd, "abe", 3, 0), ==, 3);
    assert_digest(f->digests, f->path, "abe");
    close(fd);
    write_file(f->path, "xyz"); /* replaced by another inode */
    assert_digest(f->digests, f->path, "xyz");
}

static void test_refuses_what_is_no_file(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    const int fd = g_open(f->dir, O_RDONLY | O_CLOEXEC, 0);

    g_assert_false(file_digests_get(f->digests, fd, f->dir, digest, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, f->dir));
    close(fd);
}

/* Files that nobody has seen keep others waiting. */
static void test_reads_so_much_at_once(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(FileDigests) digests = file_digests_new(2, 5);
    g_autoptr(GError) error = NULL;
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    int fd;

    write_file(f->path, "abc");
    assert_digest(digests, f->path, "abc");
    fd = g_open(f->path, O_RDONLY | O_CLOEXEC, 0);
    g_assert_false(file_digests_get(digests, fd, f->path, digest, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED);
    file_digests_begin(digests);
    assert_digest(digests, f->path, "abc");
    close(fd);
}

#define SLEEP "55db28ea6000-55db28eab000 r-xp 00002000 fe:00 248056          /usr/bin/sleep\n"

static void test_parse(void)
{
    static const struct {
        const char *text;
        guint count;
        const char *why; /* NULL: it is fine */
    } table[] = {
        { SLEEP, 1, NULL },
        { SLEEP SLEEP, 1, NULL },
        { SLEEP "1000-2000 r--p 00000000 fe:00 248057 /lib/data.so\n", 1, NULL },
        { SLEEP "1000-2000 r-xp 00000000 fe:00 248057 /lib/a b.so\n", 2, NULL },
        { SLEEP "1000-2000 r-xp 00000000 fe:01 248056 /usr/bin/sleep\n", 2, NULL },
        { SLEEP "1000-2000 r-xp 00000000 00:00 0          [vdso]\n", 1, NULL },
        { SLEEP "1000-2000 rw-p 00000000 00:00 0 \n", 1, NULL },
        { SLEEP "1000-2000 rwxp 00000000 00:00 0 \n", 0, "anonymous" },
        { SLEEP "1000-2000 r-xp 00000000 00:00 0\n", 0, "anonymous" },
        { SLEEP "1000-2000 rwxp 00000000 00:00 0    [heap]\n", 0, "[heap]" },
        { SLEEP "1000-2000 r-xp 00000000 00:01 12    /memfd:x (deleted)\n", 0, "deleted" },
        { SLEEP "1000-2000 r-xp 00000000 fe:00 1   /lib/a.so (deleted)\n", 0, "/lib/a.so" },
        { SLEEP "nonsense\n", 0, "nonsense" },
        { "1000-2000 r-xp 00000000 fe:00\n", 0, "not known" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *text = g_strdup(table[i].text);
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) list = mapping_parse(text, MAPPING_FILES_ALONE, &error);

        g_test_message("%s", table[i].text);
        if (table[i].why) {
            g_assert_null(list);
            g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED);
            g_assert_nonnull(strstr(error->message, table[i].why));
        } else {
            g_assert_no_error(error);
            g_assert_cmpuint(list->len, ==, table[i].count);
        }
    }
}

static int own_folder(void)
{
    const int dir = g_open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

    g_assert_cmpint(dir, >=, 0);
    return dir;
}

/* @path mapped as a loader would; @opens: at this path there is nothing else. */
static void assert_maps(Fixture *f, const char *content, const char *why)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) list = NULL;
    const int fd = g_open(f->path, O_RDONLY | O_CLOEXEC, 0);
    const int dir = own_folder();
    void *code = mmap(NULL, 3, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    int opened = -1;

    g_assert_true(code != MAP_FAILED);
    if (content) {
        write_file(f->path, content); /* another inode at the same path */
    }
    list = mapping_read(dir, MAPPING_FILES_ALONE, &text, &error);
    for (guint i = 0; list && i < list->len; i++) {
        const Mapping *m = &g_array_index(list, Mapping, i);

        if (g_str_equal(m->path, f->path)) {
            g_assert_true(mapping_is(m, fd));
            opened = mapping_open(dir, m, &error);
            break;
        }
    }
    if (why) {
        g_assert_cmpint(opened, ==, -1);
        g_assert_nonnull(strstr(error->message, why));
    } else {
        g_assert_no_error(error);
        g_assert_cmpint(opened, >=, 0);
        close(opened);
    }
    munmap(code, 3);
    close(dir);
    close(fd);
}

/* A sanitizer's own code may be anonymous; then there is nothing to see here. */
static gboolean is_measurable(void)
{
    const int dir = own_folder();
    g_autofree char *text = NULL;
    g_autoptr(GArray) list = mapping_read(dir, MAPPING_FILES_ALONE, &text, NULL);

    close(dir);
    return list != NULL;
}

static void test_opens_the_file_that_is_mapped(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    if (!is_measurable()) {
        g_test_skip("this process has executable memory of its own");
        return;
    }
    write_file(f->path, "abc");
    assert_maps(f, NULL, NULL);
    assert_maps(f, "abd", "deleted or replaced");
}

/* What is at the path of a mapping is not the file that was mapped. */
static void test_takes_no_other_file(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    struct stat st;
    Mapping m = { .start = 0x1000, .end = 0x2000, .path = f->path };
    const int dir = own_folder();
    int fd;

    write_file(f->path, "abc");
    g_assert_cmpint(stat(f->path, &st), ==, 0);
    m.inode = st.st_ino + 1;
    fd = mapping_open(dir, &m, &error);
    g_assert_cmpint(fd, ==, -1);
    g_assert_nonnull(strstr(error->message, "another file lies there now"));
    g_clear_error(&error);
    g_unlink(f->path);
    g_assert_cmpint(mapping_open(dir, &m, &error), ==, -1);
    g_assert_nonnull(strstr(error->message, "cannot be read"));
    close(dir);
}

static void test_measures_itself_by_a_thread(void)
{
    g_autoptr(Measurer) measurer = measurer_new();
    Measurement *m = process_parts_start(measurer, own_folder());
    Measurement *gone = process_parts_start(measurer, -1);
    g_autofree char *sum = NULL;
    WireParts parts;
    WirePart part;
    gsize size;
    const uint8_t *bytes;

    while (!measurement_ready(m)) {
        g_usleep(1000);
    }
    g_assert_true(measurement_ready(gone));
    g_assert_null(measurement_parts(gone));
    g_assert_true(measurement_tell(gone));
    g_assert_false(measurement_tell(gone));
    g_assert_cmpstr(measurement_why(gone), ==, "the process has ended");
    measurement_unref(gone);
    if (is_measurable()) {
        bytes = g_bytes_get_data(measurement_parts(m), &size);
        g_assert_true(wire_decode_parts((WireBytes){ bytes, size }, &wire_parts_vtpm, &parts));
        g_assert_true(wire_next_part(&parts, &part));
        g_assert_cmpint(strncmp((const char *)part.name.p, "test_manager_measure", part.name.len),
                        ==, 0);
        sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, measurement_parts(m));
        g_assert_cmpint(g_ascii_xdigit_value(sum[0]), ==, measurement_digest(m)[0] >> 4);
    }
    measurement_unref(m);
}

/* A connection that ends does not wait for what was asked for it. */
static void test_ends_while_it_measures(void)
{
    Measurer *measurer = measurer_new();

    for (int i = 0; i < 50; i++) {
        measurement_unref(process_parts_start(measurer, own_folder()));
    }
    measurer_free(measurer);
}

static int open_numbered(const Fixture *f, gsize number)
{
    g_autofree char *path = g_strdup_printf("%s%zu", f->path, number);

    write_file(path, "abc");
    return g_open(path, O_RDONLY | O_CLOEXEC, 0);
}

static void unlink_numbered(const Fixture *f, gsize number)
{
    g_autofree char *path = g_strdup_printf("%s%zu", f->path, number);

    g_unlink(path);
}

/* What it runs is not even looked for, where there is more than a list has. */
static void test_refuses_too_many_mappings(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(PartList) list = part_list_new();
    g_autoptr(GError) error = NULL;
    void *pages[WIRE_PARTS_MAX];
    const int dir = own_folder();

    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        const int fd = open_numbered(f, i);

        pages[i] = mmap(NULL, 3, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        g_assert_true(pages[i] != MAP_FAILED);
        close(fd);
    }
    g_assert_false(process_parts_add(list, dir, MAPPING_ALSO_GENERATED, f->digests, &error));
    g_assert_nonnull(strstr(error->message, "more files"));
    g_assert_cmpuint(file_digests_read(f->digests), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        munmap(pages[i], 3);
        unlink_numbered(f, i);
    }
    close(dir);
}

/* QEMU may have gone to another folder since, as -daemonize has it do. */
static void test_takes_no_path_below_the_present_folder(void)
{
    static const char below[] = "debian_version";
    g_autofree char *before = g_get_current_dir();
    const int dir = own_folder();
    g_autoptr(GError) error = NULL, error_held = NULL, none = NULL;
    int fd = -1;

    g_assert_cmpint(g_chdir("/etc"), ==, 0);
    g_assert_cmpint(process_files_open(dir, below, &error), ==, -1);
    g_assert_nonnull(strstr(error->message, "the whole path"));
    g_assert_false(process_files_open_held(dir, below, &fd, &error_held));
    g_assert_nonnull(strstr(error_held->message, "the whole path"));
    g_assert_cmpint(g_chdir(before), ==, 0);
    fd = process_files_open(dir, "/etc/debian_version", &none);
    g_assert_no_error(none);
    close(fd);
    close(dir);
}

static GBytes *fail_slowly(G_GNUC_UNUSED void *subject, G_GNUC_UNUSED FileDigests *digests,
                           GError **error)
{
    g_usleep(1100 * 1000);
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "no");
    return NULL;
}

static gboolean never_holds(G_GNUC_UNUSED const void *subject)
{
    return FALSE;
}

static void forget_nothing(G_GNUC_UNUSED void *subject)
{
}

/* Else who waits for it would have it begun again, and would wait for ever. */
static void test_a_slow_failure_is_a_result(void)
{
    static const MeasureKind kind = { fail_slowly, never_holds, forget_nothing };
    g_autoptr(Measurer) measurer = measurer_new();
    Measurement *m = measurer_start(measurer, &kind, NULL, NULL);

    while (!measurement_ready(m)) {
        g_usleep(1000);
    }
    g_assert_false(measurement_is_over(m));
    g_usleep(1100 * 1000);
    g_assert_true(measurement_is_over(m));
    measurement_unref(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/manager/measure/remembers-old-files", Fixture, NULL, set_up,
               test_remembers_old_files, tear_down);
    g_test_add("/manager/measure/sees-a-file-of-the-same-size", Fixture, NULL, set_up,
               test_sees_a_file_of_the_same_size, tear_down);
    g_test_add("/manager/measure/refuses-what-is-no-file", Fixture, NULL, set_up,
               test_refuses_what_is_no_file, tear_down);
    g_test_add("/manager/measure/reads-so-much-at-once", Fixture, NULL, set_up,
               test_reads_so_much_at_once, tear_down);
    g_test_add_func("/manager/measure/parse", test_parse);
    g_test_add("/manager/measure/opens-the-file-that-is-mapped", Fixture, NULL, set_up,
               test_opens_the_file_that_is_mapped, tear_down);
    g_test_add("/manager/measure/takes-no-other-file", Fixture, NULL, set_up,
               test_takes_no_other_file, tear_down);
    g_test_add_func("/manager/measure/itself-by-a-thread", test_measures_itself_by_a_thread);
    g_test_add_func("/manager/measure/ends-while-it-measures", test_ends_while_it_measures);
    g_test_add("/manager/measure/refuses-too-many-mappings", Fixture, NULL, set_up,
               test_refuses_too_many_mappings, tear_down);
    g_test_add_func("/manager/measure/takes-no-path-below-the-present-folder",
                    test_takes_no_path_below_the_present_folder);
    g_test_add_func("/manager/measure/a-slow-failure-is-a-result", test_a_slow_failure_is_a_result);
    return g_test_run();
}
