/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * challenge-times FOLDER [OLD...]: what a challenge and a check cost a verifier's store that holds
 * OLD challenges (1000 and 10000000), all good still, or all expired so that each call prunes.
 * One round issues a challenge, uses it, finds host and VM and records both: three transactions
 * that are safe on disk. The stores are made in FOLDER and removed; ten million fill a gigabyte.
 */
#include "attest/store-ops.h"
#include "store/challenge.h"
#include "store/store-file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUNDS 500
#define AT_ONCE 100000 /* challenges in a transaction while the store is filled */
#define NOW 1000000

static void check(gboolean good, GError **error)
{
    if (!good) {
        fprintf(stderr, "challenge-times: %s\n", (*error)->message);
        exit(1);
    }
}

/* In the order of the tree, which is how so many are put there in a minute. */
static void fill(const char *path, uint64_t old, int64_t expires)
{
    GError *error = NULL;
    Database *db = database_open(path, &error);
    uint64_t step = old == 0 ? 1 : G_MAXUINT64 / old;
    gboolean put;

    check(db != NULL, &error);
    for (uint64_t i = 0; i < old; i++) {
        uint8_t challenge[DQ_CHALLENGE_SIZE] = { 0 };
        uint64_t id = GUINT64_TO_BE(i * step + (G_GUINT64_CONSTANT(1) << 63));

        memcpy(challenge, &id, sizeof(id));
        check(i % AT_ONCE != 0 || database_begin(db, &error), &error);
        check(challenge_put(db, challenge, expires, NULL, &put, &error), &error);
        if (i % AT_ONCE == AT_ONCE - 1 || i == old - 1) {
            check(database_end(db, TRUE, &error), &error);
        }
    }
    database_close(db);
}

static void add_records(DqStoreFile *file, DqStoreHost *host, DqStoreVm *vm)
{
    GError *error = NULL;

    *host = (DqStoreHost){ .name = { .data = { 0, 0x0b, 1 }, .len = 34 },
                           .public_len = 90,
                           .enrolment = DQ_ENROLMENT_WORD,
                           .enrolled = NOW };
    *vm = (DqStoreVm){ .uuid = { 1 }, .added = NOW };
    check(dq_store_file_add_host(file, host, &error) && dq_store_file_add_vm(file, vm, &error),
          &error);
}

/* One challenge, one check. */
static void round_trip(DqStoreFile *file, DqStore *store, DqStoreHost *host, DqStoreVm *vm)
{
    GError *error = NULL;
    uint8_t challenge[DQ_CHALLENGE_SIZE], uuid[DQ_UUID_SIZE];
    DqChallengeUse use = DQ_CHALLENGE_UNKNOWN;
    gboolean found, done;

    check(dq_store_file_issue(file, 1, NOW, NOW + 600, NULL, challenge, &error), &error);
    check(store->ops->use_challenge(store->self, (DqBytes){ challenge, sizeof(challenge) }, NOW,
                                    &use, &found, uuid, &error),
          &error);
    g_assert(use == DQ_CHALLENGE_FRESH);
    check(store->ops->find_host(store->self, (DqBytes){ host->name.data, host->name.len }, &found,
                                host, &error),
          &error);
    check(store->ops->find_vm(store->self, vm->uuid, &found, vm, &error), &error);
    vm->generation++;
    check(store->ops->record(store->self, host, vm, &done, &error), &error);
    g_assert(done);
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* Median of a round in microseconds. */
static int64_t measure(const char *folder, uint64_t old, int64_t expires)
{
    g_autofree char *path = g_build_filename(folder, "challenge-times.store", NULL);
    g_autoptr(DqStoreFile) file = NULL;
    g_autoptr(DqStore) store = NULL;
    GError *error = NULL;
    static int64_t took[ROUNDS];
    DqStoreHost host;
    DqStoreVm vm;
    GStatBuf st;

    check(dq_store_file_create(path, &error), &error);
    fill(path, old, expires);
    file = dq_store_file_open(path, &error);
    check(file != NULL, &error);
    store = dq_store_file_get_store(file);
    add_records(file, &host, &vm);
    for (gsize i = 0; i < ROUNDS; i++) {
        int64_t before = g_get_monotonic_time();

        round_trip(file, store, &host, &vm);
        took[i] = g_get_monotonic_time() - before;
    }
    qsort(took, ROUNDS, sizeof(took[0]), compare);
    g_clear_pointer(&store, dq_store_unref);
    g_clear_pointer(&file, dq_store_file_unref);
    g_stat(path, &st);
    printf("%10" G_GUINT64_FORMAT " old, %s: median %6" G_GINT64_FORMAT
           " us, 95 %% %6" G_GINT64_FORMAT " us, %7.1f MB\n",
           old, expires > NOW ? "good   " : "expired", took[ROUNDS / 2], took[ROUNDS * 95 / 100],
           (double)st.st_size / 1e6);
    fflush(stdout);
    g_unlink(path);
    return took[ROUNDS / 2];
}

/* What this disk takes to make four kilobytes safe, three times. */
static void measure_disk(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "challenge-times.sync", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    static int64_t took[ROUNDS];
    char page[4096] = { 1 };

    for (gsize i = 0; i < ROUNDS; i++) {
        int64_t before = g_get_monotonic_time();

        for (int k = 0; k < 3; k++) {
            if (write(fd, page, sizeof(page)) != sizeof(page) || fdatasync(fd) != 0) {
                perror("challenge-times");
                exit(1);
            }
        }
        took[i] = g_get_monotonic_time() - before;
    }
    qsort(took, ROUNDS, sizeof(took[0]), compare);
    printf("three synced writes alone: median %6" G_GINT64_FORMAT " us\n", took[ROUNDS / 2]);
    close(fd);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    static const uint64_t usual[] = { 1000, 10000000 };
    int64_t first = 0;

    if (argc < 2) {
        fputs("usage: challenge-times FOLDER [OLD...]\n", stderr);
        return 2;
    }
    measure_disk(argv[1]);
    for (int i = 0; i < (argc > 2 ? argc - 2 : (int)G_N_ELEMENTS(usual)); i++) {
        uint64_t old = argc > 2 ? g_ascii_strtoull(argv[2 + i], NULL, 10) : usual[i];
        int64_t good = measure(argv[1], old, NOW + 100000);
        int64_t expired = measure(argv[1], old, NOW - 100000);

        if (first == 0) {
            first = good;
        } else {
            printf("against the first: %.2f, and %.2f while old ones are pruned\n",
                   (double)good / (double)first, (double)expired / (double)first);
        }
    }
    return 0;
}
