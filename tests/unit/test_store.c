/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a store in a file remembers. */
#include "store/store-journal.h"

#include "store_fixture.h"

#include "store/challenge.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static void assert_error(GError **error, DqError code, const char *text)
{
    g_assert_error(*error, DQ_ERROR, (gint)code);
    if (!strstr((*error)->message, text)) {
        g_error("\"%s\" lacks \"%s\"", (*error)->message, text);
    }
    g_clear_error(error);
}

/* ---------------------------------------------------------------------------- The file itself */

static void test_made_once(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autofree char *nowhere = g_build_filename(f->folder, "no", "store", NULL);
    GError *error = NULL;
    GStatBuf st;

    store_add(f, 1);
    store_fixture_close(f);
    g_assert_cmpint(g_stat(f->path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    g_assert_false(dq_store_file_create(f->path, &error));
    assert_error(&error, DQ_ERROR_STORE, "use it, or name another file");
    store_fixture_open(f);
    g_assert_cmpint(store_get_vm(f, 1).added, ==, STORE_NOW);
    g_assert_false(dq_store_file_create(nowhere, &error));
    assert_error(&error, DQ_ERROR_STORE, "a folder that you may write to");
}

static void test_leaves_one_file(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autoptr(GDir) dir = NULL;

    store_add(f, 1);
    store_fixture_close(f);
    dir = g_dir_open(f->folder, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(dir), ==, "store");
    g_assert_null(g_dir_read_name(dir));
}

/* Whoever has a reference to it, or to the store that it is, may use it. */
static void test_kept_open(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    DqStoreFile *file = dq_store_file_ref(f->file);
    uint8_t a[DQ_CHALLENGE_SIZE];

    store_issue(f, STORE_NOW + 60, a);
    g_clear_pointer(&f->file, dq_store_file_unref);
    g_assert_cmpint(store_use(f, a, STORE_NOW, NULL), ==, DQ_CHALLENGE_FRESH);
    g_clear_pointer(&f->store, dq_store_unref);
    g_assert_true(dq_store_file_issue(file, 1, STORE_NOW, STORE_NOW + 60, NULL, a, NULL));
    dq_store_file_unref(file);
}

static void test_refuses_what_is_none(void)
{
    static const char *const contents[] = { "", "deepquote-state 1\nend\n" };
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autofree char *path = g_build_filename(f->folder, "other", NULL);
    GError *error = NULL;
    sqlite3 *other;

    g_assert_null(dq_store_file_open(path, &error));
    assert_error(&error, DQ_ERROR_STORE, "tpm2_checkdeepquote init");
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS)); /* it was not made by the way */
    g_assert_null(dq_store_file_open(f->folder, &error));
    assert_error(&error, DQ_ERROR_STORE, "it is no store");
    for (gsize i = 0; i < G_N_ELEMENTS(contents); i++) {
        g_file_set_contents(path, contents[i], -1, NULL);
        g_assert_null(dq_store_file_open(path, &error));
        assert_error(&error, DQ_ERROR_STORE, "it is no store");
    }
    g_unlink(path);
    g_assert_cmpint(sqlite3_open(path, &other), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(other, "CREATE TABLE t (a)", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(other);
    g_assert_null(dq_store_file_open(path, &error));
    assert_error(&error, DQ_ERROR_STORE, "it is no store");
}

static void test_refuses_another_format(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    GError *error = NULL;
    sqlite3 *other;

    store_fixture_close(f);
    g_assert_cmpint(sqlite3_open(f->path, &other), ==, SQLITE_OK);
    sqlite3_exec(other, "PRAGMA user_version = 7", NULL, NULL, NULL);
    sqlite3_close(other);
    g_assert_null(dq_store_file_open(f->path, &error));
    assert_error(&error, DQ_ERROR_STORE, "has format 7");
}

/* What it knew it still knows, and it has a journal. */
static void test_raises_the_format_before(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autoptr(GBytes) body = g_bytes_new_static("body", 4);
    GError *error = NULL;
    sqlite3 *other;

    store_add(f, 1);
    store_fixture_close(f);
    g_assert_cmpint(sqlite3_open(f->path, &other), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(other,
                                 "DROP TABLE entry; DROP TABLE content; DROP TABLE entry_content;"
                                 "PRAGMA user_version = 3",
                                 NULL, NULL, NULL),
                    ==, SQLITE_OK);
    sqlite3_close(other);
    for (guint i = 0; i < 2; i++) {
        store_fixture_open(f);
        g_assert_cmpstr(store_get_host(f, 1).label, ==, store_host(1).label);
        g_assert_true(dq_store_file_append(f->file, STORE_NOW, body, NULL, 0, NULL, &error));
        g_assert_no_error(error);
        store_fixture_close(f);
    }
}

/* --------------------------------------------------------------------------------- Challenges */

static void test_challenge_once(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    uint8_t a[DQ_CHALLENGE_SIZE] = { 0 }, b[DQ_CHALLENGE_SIZE] = { 0 };

    store_issue(f, STORE_NOW + 60, a);
    store_issue(f, STORE_NOW + 60, b);
    g_assert_cmpint(memcmp(a, b, sizeof(a)), !=, 0);
    g_assert_cmpint(store_use(f, a, STORE_NOW, NULL), ==, DQ_CHALLENGE_FRESH);
    g_assert_cmpint(store_use(f, a, STORE_NOW, NULL), ==, DQ_CHALLENGE_USED);
    store_fixture_close(f);
    store_fixture_open(f);
    g_assert_cmpint(store_use(f, a, STORE_NOW, NULL), ==, DQ_CHALLENGE_USED);
    g_assert_cmpint(store_use(f, b, STORE_NOW + 60, NULL), ==, DQ_CHALLENGE_FRESH);
}

static void test_challenge_expires(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    uint8_t a[DQ_CHALLENGE_SIZE];

    store_issue(f, STORE_NOW + 60, a);
    g_assert_cmpint(store_use(f, a, STORE_NOW + 61, NULL), ==, DQ_CHALLENGE_EXPIRED);
    g_assert_cmpint(store_use(f, a, STORE_NOW + 60 + CHALLENGE_KEPT_S, NULL), ==,
                    DQ_CHALLENGE_EXPIRED);
    g_assert_cmpint(store_use(f, a, STORE_NOW + 61 + CHALLENGE_KEPT_S, NULL), ==,
                    DQ_CHALLENGE_UNKNOWN);
}

static void test_challenge_unknown(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    uint8_t a[DQ_CHALLENGE_SIZE];
    DqChallengeUse use = DQ_CHALLENGE_FRESH;
    gboolean bound = TRUE;
    uint8_t uuid[DQ_UUID_SIZE];

    store_issue(f, STORE_NOW + 60, a);
    a[DQ_CHALLENGE_SIZE - 1] ^= 1; /* the same row, another challenge */
    g_assert_cmpint(store_use(f, a, STORE_NOW, NULL), ==, DQ_CHALLENGE_UNKNOWN);
    a[DQ_CHALLENGE_SIZE - 1] ^= 1;
    g_assert_true(f->store->ops->use_challenge(f->store->self,
                                               (DqBytes){ a, DQ_CHALLENGE_SIZE - 1 }, STORE_NOW,
                                               &use, &bound, uuid, NULL));
    g_assert_cmpint(use, ==, DQ_CHALLENGE_UNKNOWN);
    g_assert_false(bound);
    g_assert_cmpint(store_use(f, a, STORE_NOW, NULL), ==, DQ_CHALLENGE_FRESH);
}

static void test_challenge_for_one_vm(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    const DqStoreVm vm = store_vm(9);
    uint8_t many[3 * DQ_CHALLENGE_SIZE];

    g_assert_true(dq_store_file_issue(f->file, 3, STORE_NOW, STORE_NOW + 60, vm.uuid, many, NULL));
    for (gsize i = 0; i < 3; i++) {
        DqChallengeUse use = DQ_CHALLENGE_UNKNOWN;
        gboolean bound = FALSE;
        uint8_t uuid[DQ_UUID_SIZE] = { 0 };

        g_assert_true(f->store->ops->use_challenge(
            f->store->self, (DqBytes){ many + i * DQ_CHALLENGE_SIZE, DQ_CHALLENGE_SIZE }, STORE_NOW,
            &use, &bound, uuid, NULL));
        g_assert_cmpint(use, ==, DQ_CHALLENGE_FRESH);
        g_assert_true(bound);
        g_assert_cmpmem(uuid, sizeof(uuid), vm.uuid, sizeof(vm.uuid));
    }
}

static int count_rows(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    int n;

    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_prepare_v2(db, sql, -1, &s, NULL), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_step(s), ==, SQLITE_ROW);
    n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

/* Each call removes a few at most, and a few calls remove all. */
static void test_challenges_pruned(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autofree uint8_t *many = g_malloc(1000 * DQ_CHALLENGE_SIZE);
    const int64_t later = STORE_NOW + CHALLENGE_KEPT_S + 10;
    uint8_t unknown[DQ_CHALLENGE_SIZE] = { 0 };

    g_assert_true(dq_store_file_issue(f->file, 1000, STORE_NOW, STORE_NOW + 9, NULL, many, NULL));
    g_assert_cmpint(store_use(f, many, STORE_NOW, NULL), ==, DQ_CHALLENGE_FRESH);
    g_assert_cmpint(store_use(f, unknown, later - 1, NULL), ==, DQ_CHALLENGE_UNKNOWN);
    g_assert_cmpint(count_rows(f->path, "SELECT count(*) FROM challenge"), ==, 1000);
    for (int i = 0; i < 1000 / CHALLENGE_PRUNED_AT_ONCE; i++) {
        g_assert_cmpint(count_rows(f->path, "SELECT count(*) FROM challenge"), ==,
                        1000 - i * CHALLENGE_PRUNED_AT_ONCE);
        g_assert_cmpint(store_use(f, unknown, later, NULL), ==, DQ_CHALLENGE_UNKNOWN);
    }
    g_assert_cmpint(count_rows(f->path, "SELECT count(*) FROM challenge"), ==, 0);
}

/* ------------------------------------------------------------------------------- Hosts and VMs */

static void count(G_GNUC_UNUSED gconstpointer record, gpointer data)
{
    (*(int *)data)++;
}

static void count_host(const DqStoreHost *host, gpointer data)
{
    count(host, data);
}

static void count_vm(const DqStoreVm *vm, gpointer data)
{
    count(vm, data);
}

static void test_hosts(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    DqStoreHost host = store_host(1), other = store_host(2), got;
    GError *error = NULL;
    int n = 0;

    host.simulated = TRUE;
    host.expires = STORE_NOW + 1000;
    host.counted = TRUE; /* not the operator's to say */
    host.reset_count = 12;
    g_assert_true(dq_store_file_add_host(f->file, &host, NULL));
    g_assert_true(dq_store_file_add_host(f->file, &other, NULL));
    got = store_get_host(f, 1);
    g_assert_cmpmem(got.public_area, got.public_len, host.public_area, host.public_len);
    g_assert_cmpstr(got.label, ==, "rack 1");
    g_assert_true(got.simulated);
    g_assert_cmpint(got.enrolment, ==, DQ_ENROLMENT_WORD);
    g_assert_cmpint(got.expires, ==, STORE_NOW + 1000);
    g_assert_false(got.counted);
    g_assert_cmpint(got.reset_count, ==, 0);
    g_assert_false(dq_store_file_add_host(f->file, &host, &error));
    assert_error(&error, DQ_ERROR_RECORD, "is in the store already");
    g_assert_true(dq_store_file_list_hosts(f->file, count_host, &n, NULL));
    g_assert_cmpint(n, ==, 2);
    g_assert_true(dq_store_file_remove_host(f->file, &other.name, NULL));
    g_assert_false(dq_store_file_remove_host(f->file, &other.name, &error));
    assert_error(&error, DQ_ERROR_RECORD, "is not in the store");
}

static void test_host_renewed_and_revoked(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    const DqStoreHost host = store_host(1), other = store_host(2);
    GError *error = NULL;

    g_assert_true(dq_store_file_add_host(f->file, &host, NULL));
    g_assert_true(
        dq_store_file_renew_host(f->file, &host.name, STORE_NOW + 5, STORE_NOW + 9, NULL));
    g_assert_cmpint(store_get_host(f, 1).enrolled, ==, STORE_NOW + 5);
    g_assert_cmpint(store_get_host(f, 1).expires, ==, STORE_NOW + 9);
    g_assert_true(dq_store_file_revoke_host(f->file, &host.name, STORE_NOW + 6, NULL));
    g_assert_true(dq_store_file_revoke_host(f->file, &host.name, STORE_NOW + 7, NULL));
    g_assert_cmpint(store_get_host(f, 1).revoked, ==, STORE_NOW + 6);
    g_assert_false(dq_store_file_renew_host(f->file, &host.name, STORE_NOW, 0, &error));
    assert_error(&error, DQ_ERROR_RECORD, "was revoked");
    g_assert_false(dq_store_file_revoke_host(f->file, &other.name, STORE_NOW, &error));
    assert_error(&error, DQ_ERROR_RECORD, "is not in the store");
}

static void test_vms(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    DqStoreVm vm = store_vm(1), got;
    GError *error = NULL;
    int n = 0;

    vm.ak.len = 34;
    vm.ak.data[5] = 0x55;
    vm.first_seen = 7; /* not the operator's to say */
    g_assert_true(dq_store_file_add_vm(f->file, &vm, NULL));
    got = store_get_vm(f, 1);
    g_assert_cmpstr(got.label, ==, "web");
    g_assert_cmpmem(got.ak.data, got.ak.len, vm.ak.data, vm.ak.len);
    g_assert_cmpint((int)got.ek.len, ==, 0);
    g_assert_cmpint(got.added, ==, STORE_NOW);
    g_assert_cmpint(got.first_seen, ==, 0);
    g_assert_false(dq_store_file_add_vm(f->file, &vm, &error));
    assert_error(&error, DQ_ERROR_RECORD, "is in the store already");
    g_assert_true(dq_store_file_list_vms(f->file, count_vm, &n, NULL));
    g_assert_cmpint(n, ==, 1);
    g_assert_true(dq_store_file_remove_vm(f->file, vm.uuid, NULL));
    g_assert_false(dq_store_file_remove_vm(f->file, vm.uuid, &error));
    assert_error(&error, DQ_ERROR_RECORD, "is not in the store");
}

static void test_labels_are_printable(void)
{
    static const char *const bad[] = { "a\nb", "\033[2J", "\xff", "\xe2\x80\xae", "\x7f" };
    g_autoptr(StoreFixture) f = store_fixture_new();
    DqStoreVm vm = store_vm(1);
    DqStoreHost host = store_host(1);
    GError *error = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_strlcpy(vm.label, bad[i], sizeof(vm.label));
        g_assert_false(dq_store_file_add_vm(f->file, &vm, &error));
        assert_error(&error, DQ_ERROR_RECORD, "printable UTF-8");
        g_strlcpy(host.label, bad[i], sizeof(host.label));
        g_assert_false(dq_store_file_add_host(f->file, &host, &error));
        assert_error(&error, DQ_ERROR_RECORD, "printable UTF-8");
    }
    memset(vm.label, 'x', sizeof(vm.label)); /* without an end */
    g_assert_false(dq_store_file_add_vm(f->file, &vm, &error));
    assert_error(&error, DQ_ERROR_RECORD, "printable UTF-8");
    g_strlcpy(vm.label, "Büro, 2. Stock", sizeof(vm.label));
    g_assert_true(dq_store_file_add_vm(f->file, &vm, NULL));
    g_assert_cmpstr(store_get_vm(f, 1).label, ==, "Büro, 2. Stock");
}

/* --------------------------------------------------------------------------------- Recording */

/* Fills in what a deep quote says, at the ends of the ranges. */
static void see(DqStoreHost *host, DqStoreVm *vm)
{
    host->counted = TRUE;
    host->reset_count = G_MAXUINT32;
    host->restart_count = 3;
    vm->first_seen = STORE_NOW + 1;
    vm->last_seen = STORE_NOW + 1;
    vm->host = host->name;
    vm->lineage[15] = 0x77;
    vm->epoch = G_MAXUINT64;
    vm->generation = G_GUINT64_CONSTANT(1) << 63;
    vm->has_clock = TRUE;
    vm->reset_count = G_MAXUINT32;
    vm->restart_count = 3;
    vm->clock = G_MAXUINT64 - 1;
    vm->clock_safe = TRUE;
}

static gboolean put(StoreFixture *f, const DqStoreHost *host, const DqStoreVm *vm)
{
    gboolean done = 77;
    g_autoptr(GError) error = NULL;

    f->store->ops->record(f->store->self, host, vm, &done, &error);
    g_assert_no_error(error);
    return done;
}

static void test_record(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    DqStoreHost host;
    DqStoreVm vm, got;

    store_add(f, 1);
    host = store_get_host(f, 1);
    vm = store_get_vm(f, 1);
    see(&host, &vm);
    g_assert_true(put(f, &host, &vm));
    store_fixture_close(f);
    store_fixture_open(f);
    got = store_get_vm(f, 1);
    g_assert_cmpint(got.revision, !=, vm.revision);
    vm.revision = got.revision;
    g_assert_cmpmem(&got, sizeof(got), &vm, sizeof(vm));
    g_assert_true(store_get_host(f, 1).counted);
    g_assert_cmpuint(store_get_host(f, 1).reset_count, ==, G_MAXUINT32);
}

/* Whoever read a record before it changed may not write it. */
static void test_record_needs_what_was_read(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    DqStoreHost host, late_host;
    DqStoreVm vm, late_vm;

    store_add(f, 1);
    host = store_get_host(f, 1);
    vm = store_get_vm(f, 1);
    late_host = host;
    late_vm = vm;
    see(&host, &vm);
    g_assert_true(put(f, &host, &vm));
    late_vm.epoch = 1;
    g_assert_false(put(f, &host, &late_vm));
    host = store_get_host(f, 1);
    vm = store_get_vm(f, 1);
    g_assert_cmpuint(vm.epoch, ==, G_MAXUINT64);
    g_assert_false(put(f, &late_host, &vm));
    g_assert_true(dq_store_file_revoke_host(f->file, &host.name, STORE_NOW, NULL));
    g_assert_false(put(f, &host, &vm));
    g_assert_true(dq_store_file_remove_vm(f->file, vm.uuid, NULL));
    host = store_get_host(f, 1);
    g_assert_false(put(f, &host, &vm));
}

/* --------------------------------------------------------------------------------- Accepting */

/** A list of acceptances as text, one a line. */
static void tell(const DqAcceptance *a, gpointer data)
{
    g_string_append_printf(data, "%d@%d uuid=%02x host=%02x lineage=%02x %s\n", (int)a->kind,
                           (int)a->at, a->uuid ? a->uuid[1] : 0, a->host ? a->host->data[2] : 0,
                           a->lineage ? a->lineage[0] : 0, a->why);
}

static void test_accept(void)
{
    static const uint8_t lineage[DQ_LINEAGE_SIZE] = { 0x11 };
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autoptr(GString) listed = g_string_new(NULL);
    const DqStoreHost host = store_host(1), other = store_host(2);
    DqStoreVm vm;
    GError *error = NULL;

    store_add(f, 1);
    vm = store_get_vm(f, 1);
    g_assert_false(vm.accepts_lineage);
    g_assert_true(dq_store_file_accept_lineage(f->file, vm.uuid, lineage, 5, "restored", NULL));
    g_assert_true(dq_store_file_accept_move(f->file, vm.uuid, &host.name, 6, "rack 2", NULL));
    vm = store_get_vm(f, 1);
    g_assert_true(vm.accepts_lineage);
    g_assert_cmpmem(vm.accepted_lineage, DQ_LINEAGE_SIZE, lineage, DQ_LINEAGE_SIZE);
    g_assert_cmpmem(vm.accepted_host.data, vm.accepted_host.len, host.name.data, host.name.len);

    g_assert_false(dq_store_file_accept_move(f->file, vm.uuid, &other.name, 7, "typo", &error));
    assert_error(&error, DQ_ERROR_RECORD, "is not in the store");
    vm.uuid[0] = 0;
    g_assert_false(dq_store_file_accept_lineage(f->file, vm.uuid, lineage, 7, "typo", &error));
    assert_error(&error, DQ_ERROR_RECORD, "is not in the store");
    g_assert_false(dq_store_file_accept_cleared(f->file, &host.name, 7, "", &error));
    assert_error(&error, DQ_ERROR_RECORD, "the reason");
    g_assert_true(dq_store_file_list_acceptances(f->file, tell, listed, NULL));
    g_assert_cmpstr(listed->str, ==,
                    "1@5 uuid=01 host=00 lineage=11 restored\n"
                    "2@6 uuid=01 host=01 lineage=00 rack 2\n");
}

static void test_accept_cleared(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    DqStoreHost host;
    DqStoreVm vm;

    store_add(f, 1);
    store_add(f, 2);
    for (uint8_t n = 1; n <= 2; n++) {
        host = store_get_host(f, n);
        vm = store_get_vm(f, n);
        see(&host, &vm);
        g_assert_true(put(f, &host, &vm));
    }
    host = store_get_host(f, 1);
    g_assert_true(dq_store_file_accept_cleared(f->file, &host.name, 8, "new owner", NULL));
    g_assert_false(store_get_host(f, 1).counted);
    g_assert_false(store_get_vm(f, 1).has_clock);
    g_assert_cmpuint(store_get_vm(f, 1).epoch, ==, G_MAXUINT64);
    g_assert_true(store_get_host(f, 2).counted);
    g_assert_true(store_get_vm(f, 2).has_clock);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/file/is-made-once", test_made_once);
    g_test_add_func("/store/file/is-one-when-nobody-uses-it", test_leaves_one_file);
    g_test_add_func("/store/file/is-open-while-it-is-referenced", test_kept_open);
    g_test_add_func("/store/file/refuses-what-is-none", test_refuses_what_is_none);
    g_test_add_func("/store/file/refuses-another-format", test_refuses_another_format);
    g_test_add_func("/store/file/raises-the-format-before-it", test_raises_the_format_before);
    g_test_add_func("/store/challenge/is-good-once", test_challenge_once);
    g_test_add_func("/store/challenge/expires-and-is-forgotten-later", test_challenge_expires);
    g_test_add_func("/store/challenge/unknown-uses-nothing-up", test_challenge_unknown);
    g_test_add_func("/store/challenge/may-be-for-one-vm", test_challenge_for_one_vm);
    g_test_add_func("/store/challenge/pruned-a-few-at-a-time", test_challenges_pruned);
    g_test_add_func("/store/host/added-listed-removed", test_hosts);
    g_test_add_func("/store/host/renewed-until-revoked", test_host_renewed_and_revoked);
    g_test_add_func("/store/vm/added-listed-removed", test_vms);
    g_test_add_func("/store/label/is-printable", test_labels_are_printable);
    g_test_add_func("/store/record/keeps-all-it-is-given", test_record);
    g_test_add_func("/store/record/needs-what-was-read", test_record_needs_what_was_read);
    g_test_add_func("/store/accept/dated-listed-and-checked", test_accept);
    g_test_add_func("/store/accept/cleared-host-counts-anew", test_accept_cleared);
    return g_test_run();
}
