/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verifier remembers: rules, and the file. */
#include "attest/state.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const WireUuid vm_a = { { 0xaa } };
static const WireUuid vm_b = { { 0xbb } };
static const guint8 host_1[34] = { 0x00, 0x0b, 1 };
static const guint8 host_2[34] = { 0x00, 0x0b, 2 };

/* A new nonce each time. */
static DqStateEntry entry(const WireUuid *uuid, const guint8 *host)
{
    static guint32 nonce[1000];
    static gsize next;

    g_assert_cmpuint(next, <, G_N_ELEMENTS(nonce));
    nonce[next] = (guint32)next + 1;
    return (DqStateEntry){
        .nonce = { (const guint8 *)&nonce[next++], sizeof(guint32) },
        .uuid = uuid,
        .host_name = { host, sizeof(host_1) },
        .epoch = 5,
        .generation = 50,
        .reset_count = 3,
        .restart_count = 4,
        .clock = 1000,
    };
}

#define ASSERT_FAULT(state, change, want)                                                          \
    do {                                                                                           \
        DqStateEntry e = entry(&vm_a, host_1);                                                     \
        change;                                                                                    \
        g_assert_cmpint(dq_state_find_stale(state, &e), ==, want);                                 \
        if ((want) != DQ_STATE_FRESH) {                                                            \
            g_autofree char *before = dq_state_to_text(state);                                     \
            g_autofree char *after = NULL;                                                         \
            g_assert_cmpint(dq_state_record(state, &e), ==, want);                                 \
            after = dq_state_to_text(state);                                                       \
            g_assert_cmpstr(before, ==, after);                                                    \
        }                                                                                          \
    } while (0)

static void test_counters(void)
{
    g_autoptr(DqState) s = dq_state_new();
    DqStateEntry first = entry(&vm_a, host_1);

    ASSERT_FAULT(s, e.epoch = 0, DQ_STATE_FRESH);
    g_assert_cmpint(dq_state_record(s, &first), ==, DQ_STATE_FRESH);
    ASSERT_FAULT(s, (void)e, DQ_STATE_FRESH);
    ASSERT_FAULT(s, e.epoch--, DQ_STATE_EPOCH_BACK);
    ASSERT_FAULT(s, e.generation--, DQ_STATE_GENERATION_BACK);
    ASSERT_FAULT(s, (e.epoch++, e.generation--), DQ_STATE_GENERATION_BACK);
    ASSERT_FAULT(s, e.reset_count--, DQ_STATE_RESET_COUNT_BACK);
    ASSERT_FAULT(s, (e.reset_count--, e.restart_count++), DQ_STATE_RESET_COUNT_BACK);
    ASSERT_FAULT(s, e.restart_count--, DQ_STATE_RESTART_COUNT_BACK);
    ASSERT_FAULT(s, (e.reset_count++, e.restart_count = 0), DQ_STATE_FRESH);
    ASSERT_FAULT(s, e.clock--, DQ_STATE_CLOCK_BACK);
    ASSERT_FAULT(s, (e.reset_count++, e.clock--), DQ_STATE_CLOCK_BACK);
    ASSERT_FAULT(s, (e.epoch++, e.generation++, e.clock++), DQ_STATE_FRESH);
}

/* Evidence of two VMs on a host in another order than it was made; a VM that moved. */
static void test_scopes(void)
{
    g_autoptr(DqState) s = dq_state_new();
    DqStateEntry e = entry(&vm_a, host_1);

    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_FRESH);
    e = entry(&vm_b, host_1);
    e.clock = 999;
    e.epoch = 1;
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_FRESH);
    e = entry(&vm_b, host_1);
    e.epoch = 1;
    e.reset_count = 2; /* from before the reset that the other VM showed */
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_RESET_COUNT_BACK);
    e = entry(&vm_a, host_2);
    e.clock = 1;
    e.reset_count = 0;
    e.epoch = 6;
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_FRESH);
    e = entry(&vm_a, host_1); /* the copy that stayed behind */
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_EPOCH_BACK);
}

static void test_nonces(void)
{
    g_autoptr(DqState) s = dq_state_new();
    DqStateEntry e = entry(&vm_a, host_1);

    g_assert_false(dq_state_nonce_used(s, e.nonce));
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_FRESH);
    g_assert_true(dq_state_nonce_used(s, e.nonce));
    e.uuid = &vm_b;
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_NONCE_USED);
    e.nonce.len--;
    g_assert_false(dq_state_nonce_used(s, e.nonce));
}

typedef struct Folder {
    char *folder, *path;
} Folder;

static void set_up(Folder *f, gconstpointer data)
{
    (void)data;
    f->folder = g_dir_make_tmp("attest-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "state", NULL);
}

static void tear_down(Folder *f, gconstpointer data)
{
    g_autofree char *lock = g_strconcat(f->path, ".lock", NULL);

    (void)data;
    g_unlink(lock);
    g_unlink(f->path);
    g_assert_cmpint(g_rmdir(f->folder), ==, 0); /* nothing was left behind */
    g_free(f->folder);
    g_free(f->path);
}

static DqState *open_state(Folder *f)
{
    g_autoptr(GError) error = NULL;
    DqState *s = dq_state_open(f->path, &error);

    g_assert_no_error(error);
    return s;
}

static void save(DqState *s)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(dq_state_save(s, &error));
    g_assert_no_error(error);
}

static void test_file(Folder *f, gconstpointer data)
{
    DqState *s = open_state(f);
    DqStateEntry e = entry(&vm_a, host_1);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    GStatBuf status;

    (void)data;
    save(s);
    g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS)); /* nothing to remember */
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_FRESH);
    save(s);
    before = dq_state_to_text(s);
    dq_state_unref(s);
    g_assert_cmpint(g_stat(f->path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    s = open_state(f);
    after = dq_state_to_text(s);
    g_assert_cmpstr(before, ==, after);
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_NONCE_USED);
    dq_state_unref(s);
}

/* No room on the disk: the save fails and says so; the file is as it was. */
static void test_full_disk(Folder *f, gconstpointer data)
{
    const struct rlimit none = { 0, RLIM_INFINITY };
    const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
    DqState *s = open_state(f);
    DqStateEntry e = entry(&vm_a, host_1);
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    (void)data;
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_FRESH);
    save(s);
    g_assert_true(g_file_get_contents(f->path, &before, NULL, NULL));
    e = entry(&vm_b, host_1);
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_FRESH);
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &none), ==, 0);
    g_assert_false(dq_state_save(s, &error));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &all), ==, 0);
    g_assert_error(error, DQ_ERROR, DQ_ERROR_STATE);
    g_assert_true(g_file_get_contents(f->path, &after, NULL, NULL));
    g_assert_cmpstr(before, ==, after);
    save(s); /* there is room again */
    dq_state_unref(s);
}

static gpointer open_in_thread(gpointer data)
{
    DqState *s = open_state(data);
    char *text = dq_state_to_text(s);

    dq_state_unref(s);
    return text;
}

/* The second user waits, and sees what the first has saved. */
static void test_lock(Folder *f, gconstpointer data)
{
    DqState *s = open_state(f);
    DqStateEntry e = entry(&vm_a, host_1);
    GThread *other = g_thread_new("other", open_in_thread, f);
    g_autofree char *want = NULL;
    g_autofree char *got = NULL;

    (void)data;
    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_FRESH);
    save(s);
    want = dq_state_to_text(s);
    dq_state_unref(s);
    got = g_thread_join(other);
    g_assert_cmpstr(got, ==, want);
}

/* Each shorter file, and each with a line that is not right. */
static void test_damage(void)
{
    g_autoptr(DqState) s = dq_state_new();
    DqStateEntry e = entry(&vm_a, host_1);
    g_autofree char *text = NULL;

    g_assert_cmpint(dq_state_record(s, &e), ==, DQ_STATE_FRESH);
    text = dq_state_to_text(s);
    g_assert_nonnull(strstr(text, "\nnonce "));
    for (gsize n = 0; n < strlen(text); n++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(dq_state_new_from_text(text, n, "state", &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_STATE);
    }
    for (gsize n = 0; n < strlen(text); n++) {
        char was = text[n];

        text[n] = '\n';
        if (was != '\n') {
            g_assert_null(dq_state_new_from_text(text, strlen(text), "state", NULL));
        }
        text[n] = was;
    }
}

#define ADD_FILE(path, test)                                                                       \
    g_test_add("/attest/state/" path, Folder, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attest/state/no-counter-goes-back", test_counters);
    g_test_add_func("/attest/state/each-counter-is-of-its-vm-or-host", test_scopes);
    g_test_add_func("/attest/state/a-nonce-is-used-once", test_nonces);
    g_test_add_func("/attest/state/a-damaged-file-is-refused", test_damage);
    ADD_FILE("a-file-is-read-as-it-was-written", test_file);
    ADD_FILE("a-full-disk-leaves-the-file-alone", test_full_disk);
    ADD_FILE("users-of-a-file-wait-for-each-other", test_lock);
    return g_test_run();
}
