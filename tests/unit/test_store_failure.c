/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a store does when disk or memory fail it: it says so, and nothing that it told is lost. */
#include "store/chain.h"
#include "store/store-journal.h"
#include "store/store-profile.h"

#include "failing_memory.h"
#include "failing_vfs.h"
#include "store_fixture.h"

#include <glib/gstdio.h>
#include <grp.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A whole life of a store. Returns FALSE, with the error checked, at the first failure. */
static gboolean live(StoreFixture *f, uint8_t ret_challenge[DQ_CHALLENGE_SIZE], gboolean *ret_used)
{
    const DqStoreHost host = store_host(1);
    GError *error = NULL;
    int use;

    f->file = dq_store_file_open(f->path, &error);
    if (!f->file) {
        return store_good_error(&error);
    }
    f->store = dq_store_file_get_store(f->file);
    if (!dq_store_file_issue(f->file, 1, STORE_NOW, STORE_NOW + 60, NULL, ret_challenge, &error)) {
        return store_good_error(&error);
    }
    use = store_use(f, ret_challenge, STORE_NOW, &error);
    *ret_used = use == DQ_CHALLENGE_FRESH;
    if (use < 0) {
        return store_good_error(&error);
    }
    g_assert_true(*ret_used);
    return dq_store_file_add_host(f->file, &host, &error) || store_good_error(&error);
}

/* After the failure is over: what was told to be used is used, and the store works. */
static void check_alive(StoreFixture *f, const uint8_t challenge[DQ_CHALLENGE_SIZE], gboolean used)
{
    uint8_t another[DQ_CHALLENGE_SIZE];
    int use;

    store_fixture_open(f);
    use = store_use(f, challenge, STORE_NOW, NULL);
    g_assert_cmpint(use, !=, -1);
    g_assert_true(!used || use == DQ_CHALLENGE_USED);
    store_issue(f, STORE_NOW + 60, another);
    g_assert_cmpint(store_use(f, another, STORE_NOW, NULL), ==, DQ_CHALLENGE_FRESH);
}

static void test_injected(gconstpointer data)
{
    const TestFaults *faults = data;
    gboolean failed = TRUE;
    int n;

    for (n = 0; failed; n++) {
        g_autoptr(StoreFixture) f = store_fixture_new();
        uint8_t challenge[DQ_CHALLENGE_SIZE] = { 0 };
        gboolean used = FALSE;
        gboolean lived;

        store_fixture_close(f);
        faults->arm(n);
        lived = live(f, challenge, &used);
        store_fixture_close(f);
        failed = faults->disarm();
        g_assert_true(lived || failed);
        check_alive(f, challenge, used);
    }
    g_assert_cmpint(n, >, 10);
}

static gboolean put_profile(StoreFixture *f, int64_t issued, GError **error)
{
    const DqStoreProfile profile = { .name = "profile", .issued = issued, .added = STORE_NOW };
    g_autoptr(GBytes) content = g_bytes_new(&issued, sizeof(issued));

    return dq_store_file_put_profile(f->file, &profile, content, error);
}

/* Returns FALSE, with the error checked, at the first failure. */
static gboolean renew_profile(StoreFixture *f, gboolean *ret_put)
{
    const DqStoreVm vm = store_vm(1);
    GError *error = NULL;

    f->file = dq_store_file_open(f->path, &error);
    if (!f->file) {
        return store_good_error(&error);
    }
    *ret_put = put_profile(f, STORE_NOW + 1, &error);
    return (*ret_put &&
            dq_store_file_bind(f->file, DQ_SUBJECT_VM, vm.uuid, DQ_UUID_SIZE, "profile", &error)) ||
           store_good_error(&error);
}

/* It is the old one or the new one as a whole, and what was told to be there stays. */
static void check_profile(StoreFixture *f, gboolean put)
{
    g_autoptr(GBytes) content = NULL;
    GError *error = NULL;
    DqStoreProfile profile;
    int64_t issued;

    store_fixture_open(f);
    g_assert_true(dq_store_file_get_profile(f->file, "profile", &profile, &content, NULL));
    memcpy(&issued, g_bytes_get_data(content, NULL), sizeof(issued));
    g_assert_cmpint(issued, ==, profile.issued);
    g_assert_true(issued == STORE_NOW + 1 || (issued == STORE_NOW && !put));
    g_assert_true(put_profile(f, STORE_NOW + 1, NULL));
    g_assert_false(put_profile(f, STORE_NOW, &error));
    g_assert_error(error, DQ_ERROR, DQ_ERROR_RECORD);
    g_clear_error(&error);
}

static void test_profile_injected(gconstpointer data)
{
    const TestFaults *faults = data;
    gboolean failed = TRUE;
    int n;

    for (n = 0; failed; n++) {
        g_autoptr(StoreFixture) f = store_fixture_new();
        gboolean put = FALSE, done;

        store_add(f, 1);
        g_assert_true(put_profile(f, STORE_NOW, NULL));
        store_fixture_close(f);
        faults->arm(n);
        done = renew_profile(f, &put);
        store_fixture_close(f);
        failed = faults->disarm();
        g_assert_true(done || failed);
        check_profile(f, put);
    }
    g_assert_cmpint(n, >, 10);
}

/* Of the format that had no journal. */
static void take_journal_away(StoreFixture *f)
{
    sqlite3 *db;

    store_fixture_close(f);
    g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db,
                                 "DROP TABLE entry; DROP TABLE content; DROP TABLE entry_content;"
                                 "PRAGMA user_version = 3",
                                 NULL, NULL, NULL),
                    ==, SQLITE_OK);
    sqlite3_close(db);
}

static gboolean append(StoreFixture *f, int64_t at, GError **error)
{
    g_autoptr(GBytes) body = g_bytes_new(&at, sizeof(at));

    return dq_store_file_append(f->file, at, body, &body, 1, NULL, error);
}

/* Returns FALSE, with the error checked, at the first failure. @ret_count: entries that were told.
 */
static gboolean keep_journal(StoreFixture *f, int *ret_count)
{
    GError *error = NULL;
    int64_t pruned;

    f->file = dq_store_file_open(f->path, &error);
    if (!f->file) {
        return store_good_error(&error);
    }
    for (*ret_count = 0; *ret_count < 3; (*ret_count)++) {
        if (!append(f, STORE_NOW + *ret_count, &error)) {
            return store_good_error(&error);
        }
    }
    return dq_store_file_prune(f->file, STORE_NOW + 2, STORE_NOW + 3, &pruned, &error) ||
           store_good_error(&error);
}

/* What was told to be there is there or pruned, and the chain is whole and goes on. */
static void check_journal(StoreFixture *f, int count)
{
    gboolean found = TRUE;
    DqChain chain = { 0 };

    store_fixture_open(f);
    g_assert_true(append(f, STORE_NOW + 9, NULL));
    while (found) {
        DqStoredEntry stored = { 0 };
        DqEntry entry;

        g_assert_true(dq_store_file_next_entry(f->file, chain.last, &found, &stored, NULL));
        if (found) {
            g_assert_cmpint(dq_chain_add(&chain, &stored, &entry), ==, DQ_ENTRY_GOOD);
            g_bytes_unref(stored.text);
        }
    }
    g_assert_true(dq_chain_begins_well(&chain));
    g_assert_cmpint(chain.last, >=, count + 1);
}

static void test_journal_injected(gconstpointer data)
{
    const TestFaults *faults = data;
    gboolean failed = TRUE;
    int n;

    for (n = 0; failed; n++) {
        g_autoptr(StoreFixture) f = store_fixture_new();
        gboolean done;
        int count = 0;

        take_journal_away(f);
        faults->arm(n);
        done = keep_journal(f, &count);
        store_fixture_close(f);
        failed = faults->disarm();
        g_assert_true(done || failed);
        check_journal(f, count);
    }
    g_assert_cmpint(n, >, 10);
}

/* A store that cannot be made leaves nothing where it would have been. */
static void test_create_injected(gconstpointer data)
{
    const TestFaults *faults = data;
    gboolean failed = TRUE;
    int n;

    for (n = 0; failed; n++) {
        g_autoptr(StoreFixture) f = store_fixture_new();
        GError *error = NULL;

        store_fixture_close(f);
        g_unlink(f->path);
        faults->arm(n);
        if (!dq_store_file_create(f->path, &error)) {
            store_good_error(&error);
            g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
            dq_store_file_create(f->path, &error);
            g_assert_no_error(error);
        }
        failed = faults->disarm();
        store_fixture_open(f);
    }
    g_assert_cmpint(n, >, 5);
}

/* A real limit instead of a full disk: files may not grow beyond @limit. */
static void test_no_room(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    uint8_t challenge[DQ_CHALLENGE_SIZE] = { 0 };
    uint8_t many[2000 * DQ_CHALLENGE_SIZE];
    struct rlimit old, low = { .rlim_cur = 60 * 1024 };
    GError *error = NULL;

    signal(SIGXFSZ, SIG_IGN);
    store_issue(f, STORE_NOW + 60, challenge);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
    low.rlim_max = old.rlim_max;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &low), ==, 0);
    memset(many, 0x5a, sizeof(many));
    g_assert_false(
        dq_store_file_issue(f->file, 2000, STORE_NOW, STORE_NOW + 60, NULL, many, &error));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
    store_good_error(&error);
    g_assert_cmphex(many[0], ==, 0x5a);
    g_assert_cmpint(store_use(f, challenge, STORE_NOW, NULL), ==, DQ_CHALLENGE_FRESH);
    g_assert_true(dq_store_file_issue(f->file, 2000, STORE_NOW, STORE_NOW + 60, NULL, many, NULL));
}

/* As a user who may read the file and not write it. */
static void test_read_only(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    pid_t child;
    int status;

    store_fixture_close(f);
    g_chmod(f->path, 0444);
    g_chmod(f->folder, 0555);
    child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        GError *error = NULL;

        if (geteuid() == 0 &&
            (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(77);
        }
        if (dq_store_file_open(f->path, &error)) {
            _exit(1);
        }
        store_good_error(&error);
        _exit(dq_store_file_create(f->path, NULL) ? 2 : 0);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_chmod(f->folder, 0755);
    g_chmod(f->path, 0600);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    store_fixture_open(f);
}

int main(int argc, char **argv)
{
    failing_memory_install();
    failing_vfs_install();
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/store/failure/one-failed-write-loses-nothing", &failing_disk,
                         test_injected);
    g_test_add_data_func("/store/failure/full-disk-loses-nothing", &full_disk, test_injected);
    g_test_add_data_func("/store/failure/no-memory-loses-nothing", &failing_memory, test_injected);
    g_test_add_data_func("/store/failure/one-failed-write-leaves-a-whole-profile", &failing_disk,
                         test_profile_injected);
    g_test_add_data_func("/store/failure/full-disk-leaves-a-whole-profile", &full_disk,
                         test_profile_injected);
    g_test_add_data_func("/store/failure/no-memory-leaves-a-whole-profile", &failing_memory,
                         test_profile_injected);
    g_test_add_data_func("/store/failure/one-failed-write-leaves-a-whole-journal", &failing_disk,
                         test_journal_injected);
    g_test_add_data_func("/store/failure/full-disk-leaves-a-whole-journal", &full_disk,
                         test_journal_injected);
    g_test_add_data_func("/store/failure/unmade-store-is-not-there", &failing_disk,
                         test_create_injected);
    g_test_add_data_func("/store/failure/no-memory-for-a-store-leaves-none", &failing_memory,
                         test_create_injected);
    g_test_add_func("/store/failure/no-room-changes-nothing", test_no_room);
    g_test_add_func("/store/failure/read-only-is-said", test_read_only);
    return g_test_run();
}
