/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles in a store: which may take another's place, and for whom they are. */
#include "store/store-profile.h"

#include "store_fixture.h"

#include <sqlite3.h>
#include <string.h>

static GBytes *content_of(const char *text)
{
    return g_bytes_new(text, strlen(text));
}

static gboolean put(StoreFixture *f, const char *name, int64_t issued, const char *text,
                    GError **error)
{
    DqStoreProfile profile = { .issued = issued, .added = STORE_NOW };
    g_autoptr(GBytes) content = content_of(text);

    g_strlcpy(profile.name, name, sizeof(profile.name));
    memset(profile.key, issued != 0 ? 7 : 0, sizeof(profile.key));
    return dq_store_file_put_profile(f->file, &profile, content, error);
}

static void must_put(StoreFixture *f, const char *name, int64_t issued, const char *text)
{
    g_autoptr(GError) error = NULL;

    put(f, name, issued, text, &error);
    g_assert_no_error(error);
}

static void must_not_put(StoreFixture *f, const char *name, int64_t issued, const char *text)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(put(f, name, issued, text, &error));
    g_assert_error(error, DQ_ERROR, DQ_ERROR_RECORD);
}

static void expect_content(StoreFixture *f, const char *name, int64_t issued, const char *text)
{
    g_autoptr(GBytes) content = NULL, wanted = content_of(text);
    DqStoreProfile profile;

    g_assert_true(dq_store_file_get_profile(f->file, name, &profile, &content, NULL));
    g_assert_cmpstr(profile.name, ==, name);
    g_assert_cmpint(profile.issued, ==, issued);
    g_assert_cmpint(profile.added, ==, STORE_NOW);
    g_assert_true(g_bytes_equal(content, wanted));
}

/* The store is as it was, and says why. */
static void expect_no_put(StoreFixture *f, const char *name, int64_t issued, const char *text,
                          const char *words)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(put(f, name, issued, text, &error));
    g_assert_error(error, DQ_ERROR, DQ_ERROR_RECORD);
    g_assert_nonnull(strstr(error->message, words));
}

static void keeps_profiles(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autoptr(GBytes) content = NULL;
    g_autoptr(GError) error = NULL;
    DqStoreProfile profile;

    must_put(f, "a", 0, "one");
    must_put(f, "a", 0, "two");
    must_put(f, "b", 9, "");
    store_fixture_close(f);
    store_fixture_open(f);
    expect_content(f, "a", 0, "two");
    expect_content(f, "b", 9, "");
    g_assert_false(dq_store_file_get_profile(f->file, "c", &profile, &content, &error));
    g_assert_error(error, DQ_ERROR, DQ_ERROR_RECORD);
    g_assert_null(content);
}

static void refuses_an_older_one(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();

    must_put(f, "a", 5, "five");
    must_put(f, "a", 7, "seven");
    expect_no_put(f, "a", 6, "six", "older");
    expect_no_put(f, "a", 5, "five", "older");
    expect_no_put(f, "a", 7, "other", "same date");
    expect_no_put(f, "a", 0, "seven", "not");
    must_put(f, "a", 7, "seven");
    must_put(f, "b", 6, "six");
    expect_content(f, "a", 7, "seven");
}

static void refuses_names_that_nobody_can_read(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();

    expect_no_put(f, "", 0, "x", "name");
    expect_no_put(f, "a\nb", 0, "x", "printable");
    expect_no_put(f, "\xff", 0, "x", "printable");
}

/* What was written with another hand is not believed: of the row, and of the content. */
static void refuses_what_was_changed(void)
{
    static const char *const changes[] = {
        "UPDATE profile SET content = 'twa'",
        "UPDATE profile SET issued = 4",
        "UPDATE profile SET name = 'b'",
        "UPDATE profile SET digest = zeroblob(32)",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autoptr(StoreFixture) f = store_fixture_new();
        g_autoptr(GBytes) content = NULL;
        GError *error = NULL;
        DqStoreProfile profile;
        sqlite3 *db;

        must_put(f, "a", 5, "two");
        store_fixture_close(f);
        g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(db, changes[i], NULL, NULL, NULL), ==, SQLITE_OK);
        sqlite3_close(db);
        store_fixture_open(f);
        g_assert_false(
            dq_store_file_get_profile(f->file, i == 2 ? "b" : "a", &profile, &content, &error));
        store_good_error(&error);
    }
}

static void count_profile(G_GNUC_UNUSED const DqStoreProfile *profile, gpointer data)
{
    (*(guint *)data)++;
}

/* What is removed is not there, but an older one does not become good by that. */
static void a_removed_one_leaves_its_age(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autoptr(GBytes) content = NULL;
    DqStoreProfile profile;
    guint count = 0;

    must_put(f, "a", 5, "two");
    g_assert_true(dq_store_file_remove_profile(f->file, "a", NULL));
    g_assert_false(dq_store_file_remove_profile(f->file, "a", NULL));
    g_assert_false(dq_store_file_get_profile(f->file, "a", &profile, &content, NULL));
    g_assert_true(dq_store_file_list_profiles(f->file, count_profile, &count, NULL));
    g_assert_cmpuint(count, ==, 0);
    must_not_put(f, "a", 4, "one");
    must_not_put(f, "a", 0, "two");
    must_not_put(f, "a", 5, "another");
    store_fixture_close(f);
    store_fixture_open(f);
    must_not_put(f, "a", 4, "one");
    must_put(f, "a", 5, "two");
    g_assert_true(dq_store_file_get_profile(f->file, "a", &profile, &content, NULL));
    g_assert_true(dq_store_file_remove_profile(f->file, "a", NULL));
    must_put(f, "a", 6, "three");
    must_put(f, "b", 0, "x"); /* one that nobody signed has no age */
    g_assert_true(dq_store_file_remove_profile(f->file, "b", NULL));
    must_put(f, "b", 0, "y");
}

static char *bound_of(StoreFixture *f, DqSubject subject, const uint8_t *key, gsize len)
{
    char *name = NULL;

    g_assert_true(dq_store_file_find_bound(f->file, subject, key, len, &name, NULL));
    return name;
}

static void expect_bound(StoreFixture *f, const char *host_profile, const char *vm_profile)
{
    const DqStoreHost host = store_host(1);
    const DqStoreVm vm = store_vm(1);
    g_autofree char *a = bound_of(f, DQ_SUBJECT_HOST, host.name.data, host.name.len);
    g_autofree char *b = bound_of(f, DQ_SUBJECT_VM, vm.uuid, DQ_UUID_SIZE);

    g_assert_cmpstr(a, ==, host_profile);
    g_assert_cmpstr(b, ==, vm_profile);
}

static void bind_vm(StoreFixture *f, const char *profile)
{
    const DqStoreVm vm = store_vm(1);

    g_assert_true(dq_store_file_bind(f->file, DQ_SUBJECT_VM, vm.uuid, DQ_UUID_SIZE, profile, NULL));
}

static void group_vm(StoreFixture *f, const char *group)
{
    const DqStoreVm vm = store_vm(1);

    g_assert_true(
        dq_store_file_set_group(f->file, DQ_SUBJECT_VM, vm.uuid, DQ_UUID_SIZE, group, NULL));
}

static void bind_group(StoreFixture *f, DqSubject subject, const char *group, const char *profile)
{
    g_assert_true(
        dq_store_file_bind(f->file, subject, (const uint8_t *)group, strlen(group), profile, NULL));
}

static void count_binding(G_GNUC_UNUSED const DqBinding *binding, gpointer data)
{
    (*(guint *)data)++;
}

static guint count_bindings(StoreFixture *f)
{
    guint count = 0;

    g_assert_true(dq_store_file_list_bindings(f->file, count_binding, &count, NULL));
    return count;
}

static void binds_hosts_vms_and_groups(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    const DqStoreHost host = store_host(1);

    store_add(f, 1);
    store_add(f, 2);
    must_put(f, "own", 0, "1");
    must_put(f, "group's", 0, "2");
    expect_bound(f, NULL, NULL);
    g_assert_true(
        dq_store_file_bind(f->file, DQ_SUBJECT_HOST, host.name.data, host.name.len, "own", NULL));
    expect_bound(f, "own", NULL);
    bind_group(f, DQ_SUBJECT_HOST_GROUP, "web", "own"); /* of hosts: another group */
    group_vm(f, "web");
    expect_bound(f, "own", NULL);
    bind_group(f, DQ_SUBJECT_VM_GROUP, "web", "group's");
    expect_bound(f, "own", "group's");
    bind_vm(f, "own");
    expect_bound(f, "own", "own");
    bind_vm(f, NULL);
    expect_bound(f, "own", "group's");
    g_assert_cmpuint(count_bindings(f), ==, 4);
    group_vm(f, NULL);
    expect_bound(f, "own", NULL);
    g_assert_cmpuint(count_bindings(f), ==, 3); /* nothing is left of the VM */
}

static void a_host_or_vm_that_is_removed_is_bound_to_nothing(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    const DqStoreHost host = store_host(1);
    const DqStoreVm vm = store_vm(1);

    store_add(f, 1);
    must_put(f, "p", 0, "1");
    bind_vm(f, "p");
    g_assert_true(
        dq_store_file_bind(f->file, DQ_SUBJECT_HOST, host.name.data, host.name.len, "p", NULL));
    g_assert_false(dq_store_file_remove_profile(f->file, "p", NULL));
    g_assert_true(dq_store_file_remove_vm(f->file, vm.uuid, NULL));
    g_assert_true(dq_store_file_remove_host(f->file, &host.name, NULL));
    store_add(f, 1);
    expect_bound(f, NULL, NULL);
    g_assert_true(dq_store_file_remove_profile(f->file, "p", NULL));
}

static void refuses_to_bind_what_is_not_there(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    const DqStoreHost host = store_host(1);
    const DqStoreVm vm = store_vm(1), other = store_vm(2);
    const uint8_t long_key[300] = { 1 };
    const struct {
        DqSubject subject;
        const uint8_t *key;
        gsize len;
        const char *profile;
    } cases[] = {
        { DQ_SUBJECT_VM, vm.uuid, DQ_UUID_SIZE, "q" },
        { DQ_SUBJECT_VM, other.uuid, DQ_UUID_SIZE, "p" },
        { DQ_SUBJECT_VM, vm.uuid, DQ_UUID_SIZE - 1, "p" },
        { DQ_SUBJECT_HOST, host.name.data, host.name.len - 1, "p" },
        { DQ_SUBJECT_HOST, long_key, sizeof(long_key), "p" },
        { DQ_SUBJECT_VM_GROUP, (const uint8_t *)"", 0, "p" },
        { DQ_SUBJECT_VM_GROUP, (const uint8_t *)"a\0b", 3, "p" },
        { DQ_SUBJECT_VM_GROUP, long_key, sizeof(long_key), "p" },
    };

    store_add(f, 1);
    must_put(f, "p", 0, "1");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(dq_store_file_bind(f->file, cases[i].subject, cases[i].key, cases[i].len,
                                          cases[i].profile, &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_RECORD);
    }
    expect_bound(f, NULL, NULL);
    g_assert_null(bound_of(f, DQ_SUBJECT_HOST, long_key, sizeof(long_key)));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func("/store/profile/" name, function)
    ADD("keeps-profiles", keeps_profiles);
    ADD("refuses-an-older-one", refuses_an_older_one);
    ADD("a-removed-one-leaves-its-age", a_removed_one_leaves_its_age);
    ADD("refuses-names-that-nobody-can-read", refuses_names_that_nobody_can_read);
    ADD("refuses-what-was-changed", refuses_what_was_changed);
    ADD("binds-hosts-vms-and-groups", binds_hosts_vms_and_groups);
    ADD("a-host-or-vm-that-is-removed-is-bound-to-nothing",
        a_host_or_vm_that_is_removed_is_bound_to_nothing);
    ADD("refuses-to-bind-what-is-not-there", refuses_to_bind_what_is_not_there);
    return g_test_run();
}
