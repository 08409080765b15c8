/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry on a file system that fails: each open, write, truncation and sync of each change
 * once. A change that is refused has not happened, one that is acknowledged outlives a crash.
 */
#include <glib/gstdio.h>

#include "failing_memory.h"
#include "failing_vfs.h"
#include "registry/anchor.h"
#include "registry/registry.h"

typedef struct Fixture {
    char *dir;
    char *path;
    Registry *registry;
    RegistryVms *vms;
    RegistryGroups *groups;
} Fixture;

/* What a crash leaves behind, as a copy: the manager that crashed is closed in its own folder. */
static const char *const suffixes[] = { "", "-wal", "-journal" };

static const WireUuid vm_a = { "aaaaaaaaaaaaaaa" };
static const WireUuid vm_b = { "bbbbbbbbbbbbbbb" };
static const uint8_t first[16] = "instance number";
static const uint8_t second[16] = "instance second";
static const WireBytes no_ek = { NULL, 0 };
static const uint64_t told = 5;
static const uint64_t above_ceiling = 9000;

/* As a manager does: what is there has to be what was written, whatever failed meanwhile. */
static gboolean anchor_it(Registry *registry, GError **error)
{
    static const uint8_t key[REGISTRY_KEY_SIZE] = "a key that a TPM would have made";
    RegistryStore *store = registry_store(registry);
    RegistryAnchor anchor = { .value = 7 };

    return registry_anchor_get(store, &anchor) ? registry_anchor_check(store, key, error)
                                               : registry_anchor_begin(store, key, &anchor, error);
}

static gboolean try_open(Fixture *f, GError **error)
{
    f->registry = registry_open(f->path, error);
    if (f->registry && !anchor_it(f->registry, error)) {
        g_clear_pointer(&f->registry, registry_close);
    }
    if (!f->registry) {
        return FALSE;
    }
    f->vms = registry_vms(f->registry);
    f->groups = registry_groups(f->registry);
    return TRUE;
}

static void open_registry(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    try_open(f, &error);
    g_assert_no_error(error);
}

static void close_registry(Fixture *f)
{
    g_clear_pointer(&f->registry, registry_close);
}

static Fixture *fixture_new(void)
{
    Fixture *f = g_new0(Fixture, 1);

    f->dir = g_dir_make_tmp("registry-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "registry.db", NULL);
    return f;
}

/* A life of a vTPM that says nothing of its state. */
static gboolean start_life(RegistryVms *vms, const WireUuid *uuid, const uint8_t *instance,
                           uint64_t stores, WireBytes ek, GError **error)
{
    const RegistryLife life = { .instance = instance, .stores = stores, .ek = ek };

    return vms_start_life(vms, uuid, &life, error);
}

/* Known by libvirt's profile, so that an owner may have several. */
static gboolean register_vm(Fixture *f, const WireUuid *uuid, uid_t owner, const char *name,
                            const char *group, WireBytes ek, GError **error)
{
    const RegistryNewVm vm = { *uuid, REGISTRY_RULE_LIBVIRT, owner, name, group, ek, FALSE };

    return vms_register(f->vms, &vm, NULL, error);
}

/* A VM that has told a generation, in one of two groups. */
static void furnish(Fixture *f)
{
    open_registry(f);
    g_assert_true(groups_set(f->groups, "gold", 5, NULL, NULL));
    g_assert_true(groups_set(f->groups, "tin", 2, NULL, NULL));
    g_assert_true(register_vm(f, &vm_a, 1000, "a", "gold", no_ek, NULL));
    g_assert_true(start_life(f->vms, &vm_a, first, 0, no_ek, NULL));
    g_assert_true(vms_advance(f->vms, &vm_a, told, NULL));
}

static void remove_files(const char *path)
{
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *name = g_strconcat(path, suffixes[i], NULL);

        g_unlink(name);
    }
}

static void fixture_free(Fixture *f)
{
    close_registry(f);
    remove_files(f->path);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0);
    g_free(f->path);
    g_free(f->dir);
    g_free(f);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, fixture_free)

/* A second manager on the files as they are now. */
static Fixture *after_crash(const Fixture *f)
{
    Fixture *next = fixture_new();

    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *from = g_strconcat(f->path, suffixes[i], NULL);
        g_autofree char *to = g_strconcat(next->path, suffixes[i], NULL);
        g_autofree char *text = NULL;
        gsize size;

        if (g_file_get_contents(from, &text, &size, NULL)) {
            g_assert_true(g_file_set_contents(to, text, (gssize)size, NULL));
        }
    }
    open_registry(next);
    return next;
}

/* All that is stored of VMs and groups, but for times and random numbers. */
static char *contents(const Fixture *f)
{
    g_autoptr(GPtrArray) vms = vms_list(f->vms);
    g_autoptr(GPtrArray) groups = groups_list(f->groups);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < groups->len; i++) {
        const RegistryGroup *group = g_ptr_array_index(groups, i);

        g_string_append_printf(text, "group %s %u %u\n", group->name, group->weight,
                               group->members);
    }
    for (guint i = 0; i < vms->len; i++) {
        const RegistryVm *vm = g_ptr_array_index(vms, i);

        g_string_append_printf(text, "vm %s %s %u %d %d", vm->name, vm->group->name, vm->owner,
                               vm->enabled, vm->has_instance ? vm->instance[9] : 0);
        g_string_append_printf(text, " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, vm->epoch,
                               vm->base);
        g_string_append_printf(text, " %" G_GUINT64_FORMAT "\n", vm->ceiling);
    }
    return g_string_free(text, FALSE);
}

static int open_descriptors(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    int n = 0;

    g_assert_nonnull(dir);
    while (g_dir_read_name(dir)) {
        n++;
    }
    return n;
}

typedef gboolean (*Change)(Fixture *f, GError **error);

static gboolean add_vm(Fixture *f, GError **error)
{
    return register_vm(f, &vm_b, 1000, "b", "tin", no_ek, error);
}

static gboolean remove_vm(Fixture *f, GError **error)
{
    return vms_unregister(f->vms, &vm_a, NULL, error);
}

static gboolean disable_vm(Fixture *f, GError **error)
{
    return vms_enable(f->vms, &vm_a, FALSE, NULL, error);
}

static gboolean move_vm(Fixture *f, GError **error)
{
    return vms_move(f->vms, &vm_a, "tin", NULL, error);
}

static gboolean start_second(Fixture *f, GError **error)
{
    return start_life(f->vms, &vm_a, second, 0, no_ek, error);
}

static gboolean raise_ceiling(Fixture *f, GError **error)
{
    return vms_advance(f->vms, &vm_a, above_ceiling, error);
}

static gboolean add_group(Fixture *f, GError **error)
{
    return groups_set(f->groups, "new", 9, NULL, error);
}

static gboolean weigh_group(Fixture *f, GError **error)
{
    return groups_set(f->groups, "gold", 7, NULL, error);
}

static gboolean remove_group(Fixture *f, GError **error)
{
    return groups_remove(f->groups, "tin", NULL, error);
}

static const struct {
    const char *name;
    Change make;
} changes[] = {
    { "register", add_vm },     { "unregister", remove_vm },    { "disable", disable_vm },
    { "move", move_vm },        { "start-life", start_second }, { "raise-ceiling", raise_ceiling },
    { "add-group", add_group }, { "weigh-group", weigh_group }, { "remove-group", remove_group },
};

/* What there is after the change where nothing fails. */
static char *contents_after(Change make)
{
    g_autoptr(Fixture) f = fixture_new();
    g_autoptr(GError) error = NULL;

    furnish(f);
    make(f, &error);
    g_assert_no_error(error);
    return contents(f);
}

/* After a crash the generation that was told is not told again. */
static void check_generation(Fixture *f, uint64_t last)
{
    const RegistryVm *vm = vms_find(f->vms, &vm_a);

    if (vm) {
        g_autofree uint8_t *instance = g_memdup2(vm->instance, sizeof(vm->instance));

        g_assert_true(start_life(f->vms, &vm_a, instance, 0, no_ek, NULL));
        g_assert_cmpuint(vms_find(f->vms, &vm_a)->generation, >=, last);
    }
}

/* Whether the fault number @n came. */
static gboolean inject(const TestFaults *faults, Change make, const char *want, int n)
{
    g_autoptr(Fixture) f = fixture_new();
    g_autoptr(Fixture) crashed = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL;
    g_autofree char *now = NULL;
    g_autofree char *left = NULL;
    gboolean made, failed;
    uint64_t last;

    furnish(f);
    before = contents(f);
    faults->arm(n);
    made = make(f, &error);
    failed = faults->disarm();
    now = contents(f);
    g_assert_true(made || failed);
    g_assert_cmpstr(now, ==, made ? want : before);
    if (!made) {
        g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE);
        g_clear_error(&error);
    }
    /* What was refused may be in the file where it was the sync that failed: whole, or not at all
     */
    last = made && make == raise_ceiling ? above_ceiling : told;
    crashed = after_crash(f);
    left = contents(crashed);
    g_assert_true(g_str_equal(left, want) || (!made && g_str_equal(left, before)));
    check_generation(crashed, last);
    if (!made) {
        make(f, &error);
        g_assert_no_error(error);
    }
    close_registry(f);
    open_registry(f);
    check_generation(f, last);
    return failed;
}

typedef struct ChangeTest {
    const TestFaults *faults;
    gsize change; /* of changes */
} ChangeTest;

static void test_change(gconstpointer data)
{
    const ChangeTest *t = data;
    Change make = changes[t->change].make;
    g_autofree char *want = contents_after(make);
    int descriptors = open_descriptors();
    int n = 0;

    while (inject(t->faults, make, want, n)) {
        n++;
    }
    g_assert_cmpint(n, >=, 2); /* at least a write and a sync */
    g_assert_cmpint(open_descriptors(), ==, descriptors);
}

typedef struct OpenTest {
    const TestFaults *faults;
    gboolean filled;
} OpenTest;

/* A manager that cannot open its registry says so; the next one finds all of it. */
static void test_open(gconstpointer data)
{
    const OpenTest *t = data;
    int descriptors = open_descriptors();
    gboolean failed = TRUE;
    int n;

    for (n = 0; failed; n++) {
        g_autoptr(Fixture) f = fixture_new();
        g_autoptr(GError) error = NULL;

        if (t->filled) {
            furnish(f);
            close_registry(f);
        }
        t->faults->arm(n);
        if (!try_open(f, &error)) {
            g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE);
        }
        failed = t->faults->disarm();
        g_assert_true(failed || f->registry);
        close_registry(f);
        open_registry(f);
        g_assert_true(groups_find(f->groups, REGISTRY_GROUP_DEFAULT, NULL));
        if (t->filled) {
            g_assert_cmpuint(vms_find(f->vms, &vm_a)->generation, ==, told);
        }
    }
    g_assert_cmpint(n, >, 1);
    g_assert_cmpint(open_descriptors(), ==, descriptors);
}

/* Without its last store an orderly end is a crash: generations skip, none comes twice. */
static void test_close(void)
{
    gboolean failed = TRUE;

    for (int n = 0; failed; n++) {
        g_autoptr(Fixture) f = fixture_new();
        g_autoptr(GError) error = NULL;

        furnish(f);
        failing_disk.arm(n);
        vms_settle(f->vms, &error);
        failed = failing_disk.disarm();
        g_assert_true(failed || !error);
        g_autoptr(Fixture) next = after_crash(f);
        check_generation(next, told);
    }
}

static const struct {
    const char *name;
    const TestFaults *faults;
} kinds[] = { { "disk", &failing_disk }, { "memory", &failing_memory } };

static void add_tests(void)
{
    static ChangeTest change_tests[G_N_ELEMENTS(kinds)][G_N_ELEMENTS(changes)];
    static OpenTest open_tests[G_N_ELEMENTS(kinds)][2];

    for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
        for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
            g_autofree char *path = g_strdup_printf("/manager/registry/faults/%s/%s-wholly-or-not",
                                                    kinds[k].name, changes[i].name);

            change_tests[k][i] = (ChangeTest){ kinds[k].faults, i };
            g_test_add_data_func(path, &change_tests[k][i], test_change);
        }
        for (gsize filled = 0; filled < 2; filled++) {
            g_autofree char *path =
                g_strdup_printf("/manager/registry/faults/%s/open-%s", kinds[k].name,
                                filled ? "what-is-there" : "a-new-file");

            open_tests[k][filled] = (OpenTest){ kinds[k].faults, filled };
            g_test_add_data_func(path, &open_tests[k][filled], test_open);
        }
    }
}

int main(int argc, char **argv)
{
    failing_memory_install();
    failing_vfs_install();
    g_test_init(&argc, &argv, NULL);
    add_tests();
    g_test_add_func("/manager/registry/faults/unsettled-end-repeats-nothing", test_close);
    return g_test_run();
}
