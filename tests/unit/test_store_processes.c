/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many programs at one store, and programs that are killed. */
#include "store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RACERS 8
#define RACES 25
#define KILLS 40

/* A child with a store of its own opening; SQLite's connections do not survive a fork(). */
static pid_t start(StoreFixture *f, void (*run)(StoreFixture *f, int fd, gpointer data), int fd,
                   gpointer data)
{
    pid_t child = fork();

    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        store_fixture_open(f);
        run(f, fd, data);
        store_fixture_close(f);
        _exit(0);
    }
    return child;
}

static void reap(pid_t child)
{
    int status;

    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/* Writes one byte for each challenge that it won. */
static void race(StoreFixture *f, int fd, gpointer data)
{
    const uint8_t *challenges = data;

    for (gsize i = 0; i < RACES; i++) {
        g_autoptr(GError) error = NULL;
        int use = store_use(f, challenges + i * DQ_CHALLENGE_SIZE, STORE_NOW, &error);
        uint8_t won = (uint8_t)i;

        g_assert_no_error(error);
        g_assert_true(use == DQ_CHALLENGE_FRESH || use == DQ_CHALLENGE_USED);
        if (use == DQ_CHALLENGE_FRESH) {
            g_assert_cmpint(write(fd, &won, 1), ==, 1);
        }
    }
}

static void test_race(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    uint8_t challenges[RACES * DQ_CHALLENGE_SIZE];
    guint won[RACES] = { 0 };
    pid_t child[RACERS];
    uint8_t which;
    int ends[2];

    g_assert_true(
        dq_store_file_issue(f->file, RACES, STORE_NOW, STORE_NOW + 60, NULL, challenges, NULL));
    store_fixture_close(f);
    g_assert_cmpint(pipe(ends), ==, 0);
    for (gsize i = 0; i < RACERS; i++) {
        child[i] = start(f, race, ends[1], challenges);
    }
    close(ends[1]);
    while (read(ends[0], &which, 1) == 1) {
        won[which]++;
    }
    close(ends[0]);
    for (gsize i = 0; i < RACERS; i++) {
        reap(child[i]);
    }
    for (gsize i = 0; i < RACES; i++) {
        g_assert_cmpuint(won[i], ==, 1);
    }
    store_fixture_open(f);
}

/* Each program adds to one VM's generation; whoever comes late reads again. */
static void add_up(StoreFixture *f, G_GNUC_UNUSED int fd, G_GNUC_UNUSED gpointer data)
{
    for (int i = 0; i < RACES; i++) {
        gboolean done = FALSE;

        while (!done) {
            DqStoreHost host = store_get_host(f, 1);
            DqStoreVm vm = store_get_vm(f, 1);
            g_autoptr(GError) error = NULL;

            vm.generation++;
            f->store->ops->record(f->store->self, &host, &vm, &done, &error);
            g_assert_no_error(error);
        }
    }
}

static void test_no_update_is_lost(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    pid_t child[RACERS];

    store_add(f, 1);
    store_fixture_close(f);
    for (gsize i = 0; i < RACERS; i++) {
        child[i] = start(f, add_up, -1, NULL);
    }
    for (gsize i = 0; i < RACERS; i++) {
        reap(child[i]);
    }
    store_fixture_open(f);
    g_assert_cmpuint(store_get_vm(f, 1).generation, ==, RACERS * RACES);
}

/** What a program tells before it is killed: this challenge was issued, then used. */
typedef struct Told {
    gboolean used;
    uint8_t challenge[DQ_CHALLENGE_SIZE];
} Told;

static void work_for_ever(StoreFixture *f, int fd, G_GNUC_UNUSED gpointer data)
{
    for (;;) {
        Told told = { .used = FALSE };

        store_issue(f, STORE_NOW + 60, told.challenge);
        g_assert_cmpint(write(fd, &told, sizeof(told)), ==, sizeof(told));
        g_assert_cmpint(store_use(f, told.challenge, STORE_NOW, NULL), ==, DQ_CHALLENGE_FRESH);
        told.used = TRUE;
        g_assert_cmpint(write(fd, &told, sizeof(told)), ==, sizeof(told));
    }
}

/* What was told before the kill is so: a used challenge is used, an issued one is there. */
static void test_killed(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    guint tellings = 0;

    store_fixture_close(f);
    for (int i = 0; i < KILLS; i++) {
        g_autoptr(GArray) told = g_array_new(FALSE, FALSE, sizeof(Told));
        int ends[2], status;
        pid_t child;
        Told t;

        g_assert_cmpint(pipe(ends), ==, 0);
        child = start(f, work_for_ever, ends[1], NULL);
        close(ends[1]);
        g_assert_cmpint(read(ends[0], &t, sizeof(t)), ==, sizeof(t));
        g_usleep((gulong)g_random_int_range(0, 20000));
        kill(child, SIGKILL);
        do {
            g_array_append_val(told, t);
        } while (read(ends[0], &t, sizeof(t)) == sizeof(t));
        close(ends[0]);
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        store_fixture_open(f);
        for (guint k = 0; k < told->len; k++) {
            const Told *one = &g_array_index(told, Told, k);
            gboolean last = k == told->len - 1;
            int use = store_use(f, one->challenge, STORE_NOW, NULL);

            /* The last one may have been used before the kill and not been told. */
            g_assert_true(use == DQ_CHALLENGE_USED ||
                          (last && !one->used && use == DQ_CHALLENGE_FRESH));
        }
        tellings += told->len;
        store_fixture_close(f);
    }
    g_test_message("%u results before %d kills", tellings, KILLS);
    store_fixture_open(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/processes/one-of-eight-wins-a-challenge", test_race);
    g_test_add_func("/store/processes/no-update-is-lost", test_no_update_is_lost);
    g_test_add_func("/store/processes/killed-ones-lose-nothing", test_killed);
    return g_test_run();
}
