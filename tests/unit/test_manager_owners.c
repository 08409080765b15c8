/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users who can get at the hardware TPM, and so own no VM. */
#include "vtpm/owners.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/acl.h>
#include <unistd.h>

#include "daemon/file_access.h"
#include "registry/record.h"
#include "tpm/device.h"

enum { STRANGER = 3000001, NAMED = 3000002 }; /* in no group */

typedef struct Fixture {
    char *dir;
    char *path;
} Fixture;

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->dir = g_dir_make_tmp("owners-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "tpmrm0", NULL);
    g_assert_true(g_file_set_contents(f->path, "", 0, NULL));
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_unlink(f->path);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static void test_mode_decides(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_cmpint(g_chmod(f->path, 0660), ==, 0);
    g_assert_false(file_access_may_write(f->path, STRANGER));
    g_assert_true(file_access_may_write(f->path, geteuid()));
    g_assert_true(file_access_may_write(f->path, 0));
    g_assert_cmpint(g_chmod(f->path, 0664), ==, 0);
    g_assert_false(file_access_may_write(f->path, STRANGER));
    g_assert_cmpint(g_chmod(f->path, 0662), ==, 0);
    g_assert_true(file_access_may_write(f->path, STRANGER));
    g_assert_false(file_access_may_write("/nonexistent", 0));
}

static void test_group_decides(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const uid_t daemon = 1; /* Debian: uid 1, in group 1 */

    if (geteuid() != 0) {
        g_test_skip("needs root to give a file away");
        return;
    }
    g_assert_cmpint(chown(f->path, 0, 1), ==, 0);
    g_assert_cmpint(g_chmod(f->path, 0660), ==, 0);
    g_assert_true(file_access_may_write(f->path, daemon));
    g_assert_false(file_access_may_write(f->path, STRANGER));
    g_assert_cmpint(g_chmod(f->path, 0606), ==, 0);
    g_assert_false(file_access_may_write(f->path, daemon));
    g_assert_true(file_access_may_write(f->path, STRANGER));
}

/* FALSE, and the test is skipped, where the file system has no such lists. */
static gboolean set_acl(const char *path, const char *text)
{
    acl_t acl = acl_from_text(text);
    const int rc = acl_set_file(path, ACL_TYPE_ACCESS, acl);

    acl_free(acl);
    if (rc != 0) {
        g_assert_cmpint(errno, ==, ENOTSUP);
        g_test_skip("the file system has no access control lists");
    }
    return rc == 0;
}

static void test_list_decides(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const struct {
        const char *list;
        gboolean named;
        gboolean stranger;
    } table[] = {
        { "u::rw-,u:3000002:rw-,g::---,m::rw-,o::---", TRUE, FALSE },
        { "u::rw-,u:3000002:-w-,g::---,m::-w-,o::---", TRUE, FALSE },
        { "u::rw-,u:3000002:rw-,g::---,m::r--,o::---", FALSE, FALSE },
        { "u::rw-,u:3000002:r--,g::---,m::rw-,o::rw-", FALSE, TRUE },
        { "u::rw-,g:3000002:rw-,g::---,m::rw-,o::---", FALSE, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table) && set_acl(f->path, table[i].list); i++) {
        g_test_message("%s", table[i].list);
        g_assert_cmpint(file_access_may_write(f->path, NAMED), ==, table[i].named);
        g_assert_cmpint(file_access_may_write(f->path, STRANGER), ==, table[i].stranger);
    }
}

static void test_who_may_write_owns_no_vm(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const char *const devices[] = { "/nonexistent", f->path, NULL };
    g_autoptr(Owners) owners = owners_new(g_strdupv((GStrv)devices));
    g_autoptr(Owners) no_device = owners_new(g_new0(char *, 1));
    g_autofree char *root = owners_objection(owners, 0);
    g_autofree char *stranger = NULL;
    g_autofree char *nobody = NULL;

    g_assert_cmpint(g_chmod(f->path, 0660), ==, 0);
    stranger = owners_objection(owners, STRANGER);
    g_assert_null(stranger);
    g_assert_nonnull(strstr(root, "user 0 may write to "));
    g_assert_nonnull(strstr(root, "/tpmrm0"));
    g_assert_nonnull(strstr(root, "--rule unit"));
    nobody = owners_objection(owners, REGISTRY_NO_OWNER);
    g_assert_null(nobody);
    g_assert_null(owners_objection(no_device, 0));
}

static void test_files_of_a_tcti(void)
{
    static const struct {
        const char *conf;
        const char *files; /* separated by a blank */
    } table[] = {
        { "device:/dev/tpmrm0", "/dev/tpm0 /dev/tpmrm0" },
        { "device:/dev/tpm3", "/dev/tpm3 /dev/tpmrm3" },
        { "device", "/dev/tpm0 /dev/tpmrm0" },
        { "tabrmd", "/dev/tpm0 /dev/tpmrm0" },
        { "tabrmd:bus_type=session", "/dev/tpm0 /dev/tpmrm0" },
        { "device:/dev/another", "/dev/another" },
        { "device:/dev/tpm", "/dev/tpm" },
        { "swtpm:path=/run/x", "" },
        { "simulated", "" },
        { "", "" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_auto(GStrv) files = tpm_device_files(table[i].conf);
        g_autofree char *joined = g_strjoinv(" ", files);

        g_assert_cmpstr(joined, ==, table[i].files);
    }
}

#define ADD(name, function)                                                                        \
    g_test_add("/manager/owners/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("mode-decides", test_mode_decides);
    ADD("group-decides", test_group_decides);
    ADD("list-decides", test_list_decides);
    ADD("who-may-write-owns-no-vm", test_who_may_write_owns_no_vm);
    g_test_add_func("/manager/owners/files-of-a-tcti", test_files_of_a_tcti);
    return g_test_run();
}
