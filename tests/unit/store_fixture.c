/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

StoreFixture *store_fixture_new(void)
{
    StoreFixture *f = g_new0(StoreFixture, 1);

    f->folder = g_dir_make_tmp("store-XXXXXX", NULL);
    g_assert_nonnull(f->folder);
    f->path = g_build_filename(f->folder, "store", NULL);
    dq_store_file_create(f->path, NULL);
    store_fixture_open(f);
    return f;
}

void store_fixture_open(StoreFixture *f)
{
    g_autoptr(GError) error = NULL;

    f->file = dq_store_file_open(f->path, &error);
    g_assert_no_error(error);
    f->store = dq_store_file_get_store(f->file);
}

void store_fixture_close(StoreFixture *f)
{
    g_clear_pointer(&f->store, dq_store_unref);
    g_clear_pointer(&f->file, dq_store_file_unref);
}

void store_fixture_free(StoreFixture *f)
{
    g_autoptr(GDir) dir = g_dir_open(f->folder, 0, NULL);
    const char *name;

    store_fixture_close(f);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(f->folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(f->folder);
    g_free(f->folder);
    g_free(f->path);
    g_free(f);
}

DqStoreHost store_host(uint8_t n)
{
    DqStoreHost h = { .name = { .data = { 0x00, 0x0b, n }, .len = 34 },
                      .public_area = { 0x00, 0x23, n },
                      .public_len = 90,
                      .label = "rack 1",
                      .enrolment = DQ_ENROLMENT_WORD,
                      .enrolled = STORE_NOW };

    return h;
}

DqStoreVm store_vm(uint8_t n)
{
    DqStoreVm v = { .uuid = { 0xaa, n }, .label = "web", .added = STORE_NOW };

    return v;
}

void store_add(StoreFixture *f, uint8_t n)
{
    const DqStoreHost host = store_host(n);
    const DqStoreVm vm = store_vm(n);
    g_autoptr(GError) error = NULL;

    dq_store_file_add_host(f->file, &host, &error);
    g_assert_no_error(error);
    dq_store_file_add_vm(f->file, &vm, &error);
    g_assert_no_error(error);
}

void store_issue(StoreFixture *f, int64_t expires, uint8_t ret_challenge[DQ_CHALLENGE_SIZE])
{
    g_autoptr(GError) error = NULL;

    dq_store_file_issue(f->file, 1, STORE_NOW, expires, NULL, ret_challenge, &error);
    g_assert_no_error(error);
}

int store_use(StoreFixture *f, const uint8_t challenge[DQ_CHALLENGE_SIZE], int64_t now,
              GError **error)
{
    DqChallengeUse use = (DqChallengeUse)77;
    gboolean bound = 77;
    uint8_t uuid[DQ_UUID_SIZE];

    if (!f->store->ops->use_challenge(f->store->self, (DqBytes){ challenge, DQ_CHALLENGE_SIZE },
                                      now, &use, &bound, uuid, error)) {
        g_assert_cmpint(use, ==, 77);
        g_assert_cmpint(bound, ==, 77);
        return -1;
    }
    return (int)use;
}

DqStoreHost store_get_host(StoreFixture *f, uint8_t n)
{
    const DqStoreHost wanted = store_host(n);
    DqStoreHost host;
    gboolean found = FALSE;
    g_autoptr(GError) error = NULL;

    f->store->ops->find_host(f->store->self, (DqBytes){ wanted.name.data, wanted.name.len }, &found,
                             &host, &error);
    g_assert_no_error(error);
    g_assert_true(found);
    return host;
}

DqStoreVm store_get_vm(StoreFixture *f, uint8_t n)
{
    const DqStoreVm wanted = store_vm(n);
    DqStoreVm vm;
    gboolean found = FALSE;
    g_autoptr(GError) error = NULL;

    f->store->ops->find_vm(f->store->self, wanted.uuid, &found, &vm, &error);
    g_assert_no_error(error);
    g_assert_true(found);
    return vm;
}

gboolean store_good_error(GError **error)
{
    g_assert_error(*error, DQ_ERROR, DQ_ERROR_STORE);
    g_assert_nonnull(strstr((*error)->message, ": "));
    g_clear_error(error);
    return FALSE;
}
