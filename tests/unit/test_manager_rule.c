/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules by which a process is known to be a VM's vTPM, and which owners they allow. */
#include "vtpm/rule.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "registry/error.h"
#include "registry/registry.h"

#define UUID_A "0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"
#define UUID_B "0b0b0b0b-0b0b-0b0b-0b0b-0b0b0b0b0b0b"
#define UNIT_A "/system.slice/system-swtpm\\x2ddeepquote.slice/swtpm-deepquote@" UUID_A ".service"
#define UNIT_B "/system.slice/system-swtpm\\x2ddeepquote.slice/swtpm-deepquote@" UUID_B ".service"
#define DOMAIN "/machine.slice/machine-qemu\\x2d1\\x2da.scope"

enum { OWNER = 107, OTHER = 108 };

static WireUuid uuid_of(uint8_t byte)
{
    WireUuid uuid;

    memset(uuid.byte, byte, sizeof(uuid.byte));
    return uuid;
}

/* ------------------------------------------------------------------------------- processes */

typedef struct Case {
    const char *what;
    RegistryRule rule;
    gboolean holds;
    uid_t uid;
    const char *cgroup; /* NULL: cannot be told */
    const char *label;  /* NULL: none */
} Case;

static const Case cases[] = {
    { "its-unit", REGISTRY_RULE_UNIT, TRUE, 65121, UNIT_A, "unconfined" },
    { "its-unit-without-apparmor", REGISTRY_RULE_UNIT, TRUE, 65121, UNIT_A, NULL },
    { "another-unit", REGISTRY_RULE_UNIT, FALSE, 65121, UNIT_B, NULL },
    { "below-its-unit", REGISTRY_RULE_UNIT, FALSE, 65121, UNIT_A "/x", NULL },
    { "unit-of-a-user", REGISTRY_RULE_UNIT, FALSE, 1000,
      "/user.slice/user-1000.slice/user@1000.service/app.slice/app-swtpm\\x2ddeepquote.slice/"
      "swtpm-deepquote@" UUID_A ".service",
      NULL },
    { "unit-in-a-container", REGISTRY_RULE_UNIT, FALSE, 0,
      "/machine.slice/systemd-nspawn@x.service/payload" UNIT_A, NULL },
    { "unit-of-that-name-elsewhere", REGISTRY_RULE_UNIT, FALSE, 65121,
      "/system.slice/swtpm-deepquote@" UUID_A ".service", NULL },
    { "socket-of-the-unit", REGISTRY_RULE_UNIT, FALSE, 65121,
      "/system.slice/system-swtpm\\x2ddeepquote.slice/swtpm-deepquote@" UUID_A ".socket", NULL },
    { "no-uuid", REGISTRY_RULE_UNIT, FALSE, 65121,
      "/system.slice/system-swtpm\\x2ddeepquote.slice/swtpm-deepquote@.service", NULL },
    { "root-in-no-unit", REGISTRY_RULE_UNIT, FALSE, 0, "/", "unconfined" },
    { "unit-not-told", REGISTRY_RULE_UNIT, FALSE, 0, NULL, NULL },

    { "its-domain", REGISTRY_RULE_LIBVIRT, TRUE, OWNER, DOMAIN "/libvirt/emulator",
      "libvirt-" UUID_A " (enforce)" },
    { "its-domain's-scope", REGISTRY_RULE_LIBVIRT, TRUE, OWNER, DOMAIN,
      "libvirt-" UUID_A " (enforce)" },
    { "libvirtd", REGISTRY_RULE_LIBVIRT, TRUE, OWNER, "/system.slice/libvirtd.service",
      "libvirt-" UUID_A " (enforce)" },
    { "virtqemud", REGISTRY_RULE_LIBVIRT, TRUE, OWNER, "/system.slice/virtqemud.service",
      "libvirt-" UUID_A " (enforce)" },
    { "another-domain's-profile", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, DOMAIN,
      "libvirt-" UUID_B " (enforce)" },
    { "complaining", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, DOMAIN, "libvirt-" UUID_A " (complain)" },
    { "child-profile", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, DOMAIN,
      "libvirt-" UUID_A "//qemu_bridge_helper (enforce)" },
    { "stacked", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, DOMAIN,
      "libvirt-" UUID_A "//&unconfined (enforce)" },
    { "unconfined-in-the-domain", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, DOMAIN, "unconfined" },
    { "no-apparmor", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, DOMAIN, NULL },
    { "profile-that-was-chosen", REGISTRY_RULE_LIBVIRT, FALSE, OWNER,
      "/user.slice/user-107.slice/session-1.scope", "libvirt-" UUID_A " (enforce)" },
    { "scope-of-a-user", REGISTRY_RULE_LIBVIRT, FALSE, OWNER,
      "/user.slice/machine-qemu\\x2d1\\x2da.scope", "libvirt-" UUID_A " (enforce)" },
    { "service-beside-domains", REGISTRY_RULE_LIBVIRT, FALSE, OWNER,
      "/machine.slice/machine-qemu\\x2d1.service/x.scope", "libvirt-" UUID_A " (enforce)" },
    { "below-libvirtd", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, "/system.slice/libvirtd.service/x",
      "libvirt-" UUID_A " (enforce)" },
    { "domain-of-another-user", REGISTRY_RULE_LIBVIRT, FALSE, OTHER, DOMAIN,
      "libvirt-" UUID_A " (enforce)" },
    { "domain-not-told", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, NULL,
      "libvirt-" UUID_A " (enforce)" },

    { "owner", REGISTRY_RULE_USER, TRUE, OWNER, NULL, NULL },
    { "another-user", REGISTRY_RULE_USER, FALSE, OTHER, UNIT_A, "libvirt-" UUID_A " (enforce)" },
    { "root-is-not-the-owner", REGISTRY_RULE_USER, FALSE, 0, "/", NULL },
};

/* ------------------------------------------------------------------ what a vTPM may have started
 */

static const struct {
    const char *what;
    RegistryRule rule;
    gboolean apart;
    Peer vtpm, other;
} others[] = {
    { "another-unit", REGISTRY_RULE_UNIT, TRUE, { .cgroup = UNIT_A }, { .cgroup = UNIT_B } },
    { "a-domain-beside-the-unit",
      REGISTRY_RULE_UNIT,
      TRUE,
      { .cgroup = UNIT_A },
      { .cgroup = DOMAIN } },
    { "in-the-unit", REGISTRY_RULE_UNIT, FALSE, { .cgroup = UNIT_A }, { .cgroup = UNIT_A } },
    { "below-the-unit",
      REGISTRY_RULE_UNIT,
      FALSE,
      { .cgroup = UNIT_A },
      { .cgroup = UNIT_A "/x" } },
    { "not-told", REGISTRY_RULE_UNIT, FALSE, { .cgroup = UNIT_A }, { .cgroup = NULL } },
    { "another-user-of-the-domain",
      REGISTRY_RULE_LIBVIRT,
      TRUE,
      { .process.uid = OWNER, .label = "libvirt-" UUID_A " (enforce)" },
      { .process.uid = OTHER, .label = "libvirt-" UUID_A " (enforce)" } },
    { "its-own-user",
      REGISTRY_RULE_LIBVIRT,
      FALSE,
      { .process.uid = OWNER, .label = "libvirt-" UUID_A " (enforce)" },
      { .process.uid = OWNER, .label = "libvirt-" UUID_A " (enforce)" } },
    { "another-domain",
      REGISTRY_RULE_LIBVIRT,
      FALSE,
      { .process.uid = OWNER, .label = "libvirt-" UUID_A " (enforce)" },
      { .process.uid = OTHER, .label = "libvirt-" UUID_B " (enforce)" } },
    { "no-label",
      REGISTRY_RULE_LIBVIRT,
      FALSE,
      { .process.uid = OWNER },
      { .process.uid = OTHER } },
    { "a-user-has-all",
      REGISTRY_RULE_USER,
      TRUE,
      { .process.uid = OWNER },
      { .process.uid = OWNER } },
};

static void test_apart(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        const RegistryVm vm = { .rule = others[i].rule };

        g_test_message("%s", others[i].what);
        g_assert_true(rule_apart(&vm)(&others[i].vtpm, &others[i].other) == others[i].apart);
    }
}

/* Who may start a vTPM and is not one */
static const Case starters[] = {
    { "set-up-by-libvirtd", REGISTRY_RULE_LIBVIRT, TRUE, OWNER, "/system.slice/libvirtd.service",
      "unconfined" },
    { "set-up-by-virtqemud", REGISTRY_RULE_LIBVIRT, TRUE, OWNER, "/system.slice/virtqemud.service",
      "swtpm (enforce)" },
    { "another-vtpm-of-libvirtd", REGISTRY_RULE_LIBVIRT, FALSE, OWNER,
      "/system.slice/libvirtd.service", "libvirt-" UUID_B " (enforce)" },
    { "another-vtpm-stacked", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, "/system.slice/libvirtd.service",
      "unconfined//&libvirt-" UUID_B " (enforce)" },
    { "unconfined-in-a-domain", REGISTRY_RULE_LIBVIRT, FALSE, OWNER, DOMAIN, "unconfined" },
    { "set-up-without-apparmor", REGISTRY_RULE_LIBVIRT, FALSE, OWNER,
      "/system.slice/libvirtd.service", NULL },
    { "set-up-as-another-user", REGISTRY_RULE_LIBVIRT, FALSE, OTHER,
      "/system.slice/libvirtd.service", "unconfined" },
    { "libvirt-for-a-unit", REGISTRY_RULE_UNIT, FALSE, OWNER, "/system.slice/libvirtd.service",
      "unconfined" },
};

static void test_process(gconstpointer data)
{
    const Case *c = data;
    const RegistryVm vm = { .uuid = uuid_of(0x0a),
                            .rule = c->rule,
                            .owner = c->rule == REGISTRY_RULE_UNIT ? REGISTRY_NO_OWNER : OWNER };
    g_autofree char *cgroup = g_strdup(c->cgroup);
    g_autofree char *label = g_strdup(c->label);
    const Peer peer = { .process = { c->uid, 12 }, .cgroup = cgroup, .label = label };
    g_autofree char *advice = rule_advice(&vm);
    g_autofree char *name = g_strdup_printf("the rule \"%s\"", registry_rule_name(c->rule));
    const gboolean is_vtpm = c >= cases && c < cases + G_N_ELEMENTS(cases);

    g_assert_cmpint(rule_holds(&vm, &peer), ==, is_vtpm && c->holds);
    g_assert_cmpint(rule_starts(&vm, &peer), ==, c->holds);
    g_assert_nonnull(strstr(advice, name));
    g_assert_nonnull(strstr(advice, "vtpm-managerctl rule " UUID_A));
}

/* ---------------------------------------------------------------------------------- owners */

typedef struct Fixture {
    char *dir;
    char *path;
    Registry *registry;
    RegistryVms *vms;
} Fixture;

static void open_registry(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    f->registry = registry_open(f->path, &error);
    g_assert_no_error(error);
    f->vms = registry_vms(f->registry);
}

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->dir = g_dir_make_tmp("rule-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "registry.db", NULL);
    open_registry(f);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_clear_pointer(&f->registry, registry_close);
    g_unlink(f->path);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static gboolean add(Fixture *f, uint8_t byte, RegistryRule rule, uid_t owner, GError **error)
{
    const RegistryNewVm vm = { .uuid = uuid_of(byte), .rule = rule, .owner = owner };

    return vms_register(f->vms, &vm, NULL, error);
}

static void assert_shared(GError *error)
{
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "user 107 owns VM " UUID_A));
    g_error_free(error);
}

static void test_a_user_owns_one_vm(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const WireUuid a = uuid_of(0x0a);
    const WireUuid b = uuid_of(0x0b);
    GError *error = NULL;

    g_assert_true(add(f, 0x0a, REGISTRY_RULE_USER, OWNER, NULL));
    g_assert_false(add(f, 0x0b, REGISTRY_RULE_USER, OWNER, &error));
    assert_shared(g_steal_pointer(&error));
    g_assert_false(add(f, 0x0b, REGISTRY_RULE_LIBVIRT, OWNER, &error));
    assert_shared(g_steal_pointer(&error));
    g_assert_null(vms_find(f->vms, &b));
    g_assert_true(add(f, 0x0b, REGISTRY_RULE_USER, OTHER, NULL));
    g_assert_false(vms_set_rule(f->vms, &b, REGISTRY_RULE_USER, OWNER, NULL, &error));
    assert_shared(g_steal_pointer(&error));
    g_assert_cmpuint(vms_find(f->vms, &b)->owner, ==, OTHER);
    g_assert_true(vms_unregister(f->vms, &a, NULL, NULL));
    g_assert_true(vms_set_rule(f->vms, &b, REGISTRY_RULE_USER, OWNER, NULL, NULL));
}

static void test_libvirt_runs_many_as_one_user(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    GError *error = NULL;

    g_assert_true(add(f, 0x0a, REGISTRY_RULE_LIBVIRT, OWNER, NULL));
    g_assert_true(add(f, 0x0b, REGISTRY_RULE_LIBVIRT, OWNER, NULL));
    g_assert_false(add(f, 0x0c, REGISTRY_RULE_USER, OWNER, &error));
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT);
    g_error_free(error);
}

static void test_units_have_no_owner_to_share(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_true(add(f, 0x0a, REGISTRY_RULE_UNIT, REGISTRY_NO_OWNER, NULL));
    g_assert_true(add(f, 0x0b, REGISTRY_RULE_UNIT, REGISTRY_NO_OWNER, NULL));
    g_assert_true(add(f, 0x0c, REGISTRY_RULE_USER, OWNER, NULL));
}

static void test_a_new_rule_keeps_all_else(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const RegistryLife life = { .instance = (const uint8_t *)"instance number" };
    const WireUuid a = uuid_of(0x0a);
    uint8_t lineage[DEEPQUOTE_LINEAGE_SIZE];

    g_assert_true(add(f, 0x0a, REGISTRY_RULE_USER, OWNER, NULL));
    g_assert_true(vms_start_life(f->vms, &a, &life, NULL));
    memcpy(lineage, vms_find(f->vms, &a)->lineage, sizeof(lineage));
    g_assert_true(vms_set_rule(f->vms, &a, REGISTRY_RULE_UNIT, REGISTRY_NO_OWNER, NULL, NULL));
    g_clear_pointer(&f->registry, registry_close);
    open_registry(f);
    g_assert_cmpint(vms_find(f->vms, &a)->rule, ==, REGISTRY_RULE_UNIT);
    g_assert_cmpuint(vms_find(f->vms, &a)->owner, ==, REGISTRY_NO_OWNER);
    g_assert_cmpuint(vms_find(f->vms, &a)->epoch, ==, 1);
    g_assert_cmpmem(vms_find(f->vms, &a)->lineage, sizeof(lineage), lineage, sizeof(lineage));
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

/* Of a file from before there were rules. */
static void test_owners_of_several_were_libvirt(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const RegistryRule want[] = { REGISTRY_RULE_LIBVIRT, REGISTRY_RULE_LIBVIRT,
                                  REGISTRY_RULE_USER };

    g_assert_true(add(f, 0x0a, REGISTRY_RULE_LIBVIRT, OWNER, NULL));
    g_assert_true(add(f, 0x0b, REGISTRY_RULE_LIBVIRT, OWNER, NULL));
    g_assert_true(add(f, 0x0c, REGISTRY_RULE_LIBVIRT, OTHER, NULL));
    g_clear_pointer(&f->registry, registry_close);
    execute(f->path, "ALTER TABLE vm DROP COLUMN rule; ALTER TABLE vm DROP COLUMN continuity;"
                     "ALTER TABLE vm DROP COLUMN broken; ALTER TABLE vm DROP COLUMN accepted;"
                     "DROP TABLE vm_state; DROP TABLE vm_saved; DROP TABLE anchor; DROP TABLE "
                     "audit_head; DROP TABLE "
                     "audit; DROP TABLE vm_key;"
                     "DROP TABLE group_seed; DROP TABLE group_approval; PRAGMA user_version = 3");
    open_registry(f);
    for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
        const WireUuid uuid = uuid_of((uint8_t)(0x0a + i));

        g_assert_cmpint(vms_find(f->vms, &uuid)->rule, ==, want[i]);
    }
}

#define ADD(name, function)                                                                        \
    g_test_add("/manager/rule/owners/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/manager/rule/%s/%s",
                                                registry_rule_name(cases[i].rule), cases[i].what);

        g_test_add_data_func(path, &cases[i], test_process);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(starters); i++) {
        g_autofree char *path = g_strdup_printf("/manager/rule/start/%s", starters[i].what);

        g_test_add_data_func(path, &starters[i], test_process);
    }
    g_test_add_func("/manager/rule/apart", test_apart);
    ADD("a-user-owns-one-vm", test_a_user_owns_one_vm);
    ADD("libvirt-runs-many-as-one-user", test_libvirt_runs_many_as_one_user);
    ADD("units-have-no-owner-to-share", test_units_have_no_owner_to_share);
    ADD("a-new-rule-keeps-all-else", test_a_new_rule_keeps_all_else);
    ADD("owners-of-several-were-libvirt", test_owners_of_several_were_libvirt);
    return g_test_run();
}
