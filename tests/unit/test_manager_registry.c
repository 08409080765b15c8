/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry: what is stored, what survives which end, what is refused. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>

#include "registry/registry.h"

typedef struct Fixture {
    char *dir;
    char *path;
    Registry *registry;
    RegistryVms *vms;
    RegistryGroups *groups;
} Fixture;

static const WireUuid vm_a = { "aaaaaaaaaaaaaaa" };
static const WireUuid vm_b = { "bbbbbbbbbbbbbbb" };
static const uint8_t first[16] = "instance number";
static const uint8_t second[16] = "instance second";
static const WireBytes no_ek = { NULL, 0 };

static void open_registry(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    f->registry = registry_open(f->path, &error);
    g_assert_no_error(error);
    f->vms = registry_vms(f->registry);
    f->groups = registry_groups(f->registry);
}

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->dir = g_dir_make_tmp("registry-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "registry.db", NULL);
    open_registry(f);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *wal = g_strconcat(f->path, "-wal", NULL);
    g_autofree char *copy = g_strconcat(f->path, ".copy", NULL);
    g_autofree char *copy_wal = g_strconcat(copy, "-wal", NULL);

    g_clear_pointer(&f->registry, registry_close);
    g_unlink(f->path);
    g_unlink(wal);
    g_unlink(copy);
    g_unlink(copy_wal);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static void reopen(Fixture *f)
{
    g_clear_pointer(&f->registry, registry_close);
    open_registry(f);
}

/* Goes on with the files as a crash at this moment would leave them. */
static void crash(Fixture *f)
{
    g_autofree char *copy = g_strconcat(f->path, ".copy", NULL);
    const char *const suffixes[] = { "", "-wal" };

    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *from = g_strconcat(f->path, suffixes[i], NULL);
        g_autofree char *to = g_strconcat(copy, suffixes[i], NULL);
        g_autofree char *text = NULL;
        gsize size;

        g_assert_true(g_file_get_contents(from, &text, &size, NULL));
        g_assert_true(g_file_set_contents(to, text, (gssize)size, NULL));
    }
    g_clear_pointer(&f->registry, registry_close);
    g_free(f->path);
    f->path = g_steal_pointer(&copy);
    open_registry(f);
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

static const RegistryVm *add(Fixture *f, const WireUuid *uuid)
{
    g_assert_true(register_vm(f, uuid, 1000, "name", NULL, no_ek, NULL));
    return vms_find(f->vms, uuid);
}

static void assert_numbers(Fixture *f, uint64_t epoch, uint64_t generation)
{
    const RegistryVm *vm = vms_find(f->vms, &vm_a);

    g_assert_nonnull(vm);
    g_assert_cmpuint(vm->epoch, ==, epoch);
    g_assert_cmpuint(vm->generation, ==, generation);
}

static void test_keeps_rows(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const WireBytes ek = { (const uint8_t *)"\0\x0b"
                                            "01234567890123456789012345678901",
                           34 };
    const RegistryVm *vm;
    g_autoptr(GPtrArray) list = NULL;

    add(f, &vm_b);
    g_assert_true(register_vm(f, &vm_a, 4294967294u, "it's \"odd\" \xc3\xa4", NULL, ek, NULL));
    g_assert_true(vms_enable(f->vms, &vm_a, FALSE, NULL, NULL));
    reopen(f);
    vm = vms_find(f->vms, &vm_a);
    g_assert_nonnull(vm);
    g_assert_cmpstr(vm->name, ==, "it's \"odd\" \xc3\xa4");
    g_assert_cmpuint(vm->owner, ==, 4294967294u);
    g_assert_false(vm->enabled);
    g_assert_cmpmem(vm->ek, vm->ek_len, ek.p, ek.len);
    g_assert_false(vm->has_instance);
    g_assert_cmpint(vm->created, >, 0);
    list = vms_list(f->vms);
    g_assert_cmpuint(list->len, ==, 2);
    g_assert_true(g_ptr_array_index(list, 0) == vm);
}

static void test_refuses_doubles_and_strangers(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    add(f, &vm_a);
    g_assert_false(register_vm(f, &vm_a, 1, "other", NULL, no_ek, &error));
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_EXISTS);
    g_clear_error(&error);
    g_assert_cmpstr(vms_find(f->vms, &vm_a)->name, ==, "name");
    g_assert_null(vms_find(f->vms, &vm_b));
    g_assert_false(vms_unregister(f->vms, &vm_b, NULL, &error));
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_UNKNOWN);
    g_assert_false(vms_enable(f->vms, &vm_b, TRUE, NULL, NULL));
    g_assert_false(start_life(f->vms, &vm_b, first, 0, no_ek, NULL));
    g_assert_false(vms_advance(f->vms, &vm_b, 1, NULL));
}

static void test_epochs(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    add(f, &vm_a);
    assert_numbers(f, 0, 0);
    g_assert_true(start_life(f->vms, &vm_a, first, 0, no_ek, NULL));
    g_assert_true(start_life(f->vms, &vm_a, first, 0, no_ek, NULL));
    assert_numbers(f, 1, 0);
    g_assert_true(vms_advance(f->vms, &vm_a, 3, NULL));
    g_assert_true(start_life(f->vms, &vm_a, second, 0, no_ek, NULL));
    assert_numbers(f, 2, 3);
    g_assert_true(vms_advance(f->vms, &vm_a, 1, NULL));
    assert_numbers(f, 2, 4);
}

static void test_generation_never_back(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const struct {
        uint64_t stores;
        RegistryError error;
    } bad[] = {
        { 0, REGISTRY_ERROR_CONFLICT },
        { 9, REGISTRY_ERROR_CONFLICT },
        { 10 + (1 << 20) + 100 * 10000, REGISTRY_ERROR_JUMP }, /* in less than 100 s */
        { UINT64_MAX, REGISTRY_ERROR_JUMP },
        { UINT64_MAX - 9, REGISTRY_ERROR_JUMP },
        { INT64_MAX, REGISTRY_ERROR_JUMP },
    };
    g_autoptr(GError) error = NULL;

    add(f, &vm_a);
    start_life(f->vms, &vm_a, first, 0, no_ek, NULL);
    g_assert_true(vms_advance(f->vms, &vm_a, 10, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(vms_advance(f->vms, &vm_a, bad[i].stores, &error));
        g_assert_error(error, REGISTRY_ERROR, (int)bad[i].error);
        g_clear_error(&error);
        assert_numbers(f, 1, 10);
    }
    g_assert_true(vms_advance(f->vms, &vm_a, 10, NULL));
    g_assert_true(vms_advance(f->vms, &vm_a, 10 + (1 << 20), NULL));
}

static void test_lineage(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const uint8_t zeros[DEEPQUOTE_LINEAGE_SIZE];
    uint8_t lineage[DEEPQUOTE_LINEAGE_SIZE];

    add(f, &vm_a);
    memcpy(lineage, vms_find(f->vms, &vm_a)->lineage, sizeof(lineage));
    g_assert_true(memcmp(lineage, zeros, sizeof(zeros)) != 0);
    g_assert_true(memcmp(lineage, add(f, &vm_b)->lineage, sizeof(lineage)) != 0);
    g_assert_true(start_life(f->vms, &vm_a, first, 0, no_ek, NULL));
    crash(f);
    g_assert_true(start_life(f->vms, &vm_a, second, 0, no_ek, NULL));
    g_assert_cmpmem(vms_find(f->vms, &vm_a)->lineage, sizeof(lineage), lineage, sizeof(lineage));
    g_assert_true(vms_unregister(f->vms, &vm_a, NULL, NULL));
    g_assert_true(memcmp(add(f, &vm_a)->lineage, lineage, sizeof(lineage)) != 0);
}

static void test_tombstone(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    add(f, &vm_a);
    start_life(f->vms, &vm_a, first, 0, no_ek, NULL);
    vms_advance(f->vms, &vm_a, 10, NULL);
    g_assert_true(vms_unregister(f->vms, &vm_a, NULL, NULL));
    g_assert_null(vms_find(f->vms, &vm_a));
    reopen(f);
    g_assert_null(vms_find(f->vms, &vm_a));
    add(f, &vm_a);
    assert_numbers(f, 1, 10);
    start_life(f->vms, &vm_a, second, 0, no_ek, NULL);
    assert_numbers(f, 2, 10);
}

static void test_orderly_end_skips_nothing(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    add(f, &vm_a);
    start_life(f->vms, &vm_a, first, 0, no_ek, NULL);
    vms_advance(f->vms, &vm_a, 10, NULL);
    reopen(f);
    assert_numbers(f, 1, 10);
    g_assert_true(vms_advance(f->vms, &vm_a, 11, NULL));
    reopen(f);
    start_life(f->vms, &vm_a, second, 0, no_ek, NULL);
    assert_numbers(f, 2, 11);
}

static void test_crash_skips_but_never_repeats(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const uint64_t counts[] = { 1, 4095, 4096, 4097, 8192, 100000 };
    uint64_t last = 0;

    add(f, &vm_a);
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        uint8_t instance[16] = { (uint8_t)(i + 1) };
        const RegistryVm *vm;

        g_assert_true(start_life(f->vms, &vm_a, instance, 0, no_ek, NULL));
        vm = vms_find(f->vms, &vm_a);
        g_assert_cmpuint(vm->base, >=, last);
        last = vm->base + counts[i];
        g_assert_true(vms_advance(f->vms, &vm_a, counts[i], NULL));
    }
    crash(f);
    start_life(f->vms, &vm_a, second, 0, no_ek, NULL);
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->base, >=, last);
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->epoch, ==, G_N_ELEMENTS(counts) + 1);
}

/* What was told before the crash is not known; a vTPM that says less than that is not believed. */
static void test_instance_goes_on_above_what_it_told(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const uint64_t claims[] = { 4000, 10, 0 };

    for (gsize i = 0; i < G_N_ELEMENTS(claims); i++) {
        const WireUuid uuid = { { (uint8_t)(i + 1) } };
        g_autoptr(GError) error = NULL;

        add(f, &uuid);
        g_assert_true(start_life(f->vms, &uuid, first, 0, no_ek, NULL));
        g_assert_true(vms_advance(f->vms, &uuid, 4000, NULL));
        crash(f);
        g_assert_true(start_life(f->vms, &uuid, first, claims[i], no_ek, NULL));
        g_assert_cmpuint(vms_find(f->vms, &uuid)->epoch, ==, 1);
        g_assert_true(vms_advance(f->vms, &uuid, claims[i], NULL));
        g_assert_cmpuint(vms_find(f->vms, &uuid)->generation, >=, 4000);
        crash(f);
        g_assert_false(start_life(f->vms, &uuid, first, UINT64_MAX, no_ek, &error));
        g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_JUMP);
    }
}

static void test_pins_ek_once(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const WireBytes ek = { (const uint8_t *)"first ek", 8 };
    const WireBytes other = { (const uint8_t *)"other ek", 8 };

    add(f, &vm_a);
    g_assert_true(start_life(f->vms, &vm_a, first, 0, no_ek, NULL));
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->ek_len, ==, 0);
    g_assert_true(start_life(f->vms, &vm_a, first, 0, ek, NULL)); /* the same life shows it later */
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->epoch, ==, 1);
    g_assert_true(start_life(f->vms, &vm_a, first, 0, other, NULL));
    g_assert_true(start_life(f->vms, &vm_a, second, 0, other, NULL));
    crash(f);
    g_assert_cmpmem(vms_find(f->vms, &vm_a)->ek, vms_find(f->vms, &vm_a)->ek_len, ek.p, ek.len);
}

static void test_states_are_remembered(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    RegistryLife life = { .instance = first,
                          .state = { .known = TRUE,
                                     .stored = { 1 },
                                     .announced = { 2 },
                                     .suspended = TRUE,
                                     .saved = { 3 } } };
    uint8_t lineage[DEEPQUOTE_LINEAGE_SIZE];
    const RegistryVm *vm;

    add(f, &vm_a);
    g_assert_true(vms_start_life(f->vms, &vm_a, &life, NULL));
    g_assert_true(vms_set_continuity(f->vms, &vm_a, REGISTRY_CONTINUITY_REQUIRED, NULL, NULL));
    g_assert_true(vms_accept(f->vms, &vm_a, NULL, NULL));
    crash(f);
    vm = vms_find(f->vms, &vm_a);
    memcpy(lineage, vm->lineage, sizeof(lineage));
    g_assert_cmpmem(&vm->state, sizeof(vm->state), &life.state, sizeof(life.state));
    g_assert_cmpint(vm->continuity, ==, REGISTRY_CONTINUITY_REQUIRED);
    g_assert_cmpint(vm->accepted, >, 0);
    life.instance = second;
    life.broken = TRUE;
    g_assert_true(vms_start_life(f->vms, &vm_a, &life, NULL));
    crash(f);
    vm = vms_find(f->vms, &vm_a);
    g_assert_cmpint(vm->accepted, ==, 0); /* it was for one break */
    g_assert_cmpint(vm->broken, ==, 0);
    g_assert_cmpint(memcmp(lineage, vm->lineage, sizeof(lineage)), !=, 0);
    vms_unregister(f->vms, &vm_a, NULL, NULL);
    add(f, &vm_a);
    reopen(f);
    g_assert_false(vms_find(f->vms, &vm_a)->state.known);
}

static void test_no_room_changes_nothing(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const WireBytes ek = { (const uint8_t *)"first ek", 8 };
    struct rlimit old;
    struct rlimit none;
    g_autoptr(GError) error = NULL;

    add(f, &vm_a);
    start_life(f->vms, &vm_a, first, 0, no_ek, NULL);
    getrlimit(RLIMIT_FSIZE, &old);
    none = old;
    none.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &none);
    g_assert_false(start_life(f->vms, &vm_a, second, 0, ek, &error));
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE);
    g_clear_error(&error);
    g_assert_false(register_vm(f, &vm_b, 1, NULL, NULL, no_ek, NULL));
    g_assert_false(vms_unregister(f->vms, &vm_a, NULL, NULL));
    g_assert_false(vms_advance(f->vms, &vm_a, 5000, NULL));
    g_assert_true(vms_advance(f->vms, &vm_a, 4000, NULL));
    setrlimit(RLIMIT_FSIZE, &old);
    assert_numbers(f, 1, 4000);
    g_assert_null(vms_find(f->vms, &vm_b));
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->ek_len, ==, 0);
    g_assert_true(start_life(f->vms, &vm_a, second, 0, no_ek, NULL));
    reopen(f);
    assert_numbers(f, 2, 4000);
}

/* A commit that makes the log longer would take twice the time. */
static void test_log_does_not_grow(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *wal = g_strconcat(f->path, "-wal", NULL);
    uint8_t instance[sizeof(first)] = { 0 };
    GStatBuf before;
    GStatBuf now;

    registry_store_make_room(registry_store(f->registry));
    g_assert_cmpint(g_stat(wal, &before), ==, 0);
    add(f, &vm_a);
    for (guint i = 1; i <= 400; i++) {
        memcpy(instance, &i, sizeof(i));
        g_assert_true(start_life(f->vms, &vm_a, instance, 0, no_ek, NULL));
        g_assert_cmpint(g_stat(wal, &now), ==, 0);
        g_assert_cmpint(now.st_size, ==, before.st_size);
    }
    crash(f);
    assert_numbers(f, 400, 0);
}

static void test_rename_keeps_all_else(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const WireBytes ek = { (const uint8_t *)"\0\x0b"
                                            "01234567890123456789012345678901",
                           34 };
    const RegistryVm *vm;
    RegistryVm before;

    add(f, &vm_a);
    g_assert_true(start_life(f->vms, &vm_a, first, 0, ek, NULL));
    g_assert_true(vms_advance(f->vms, &vm_a, 7, NULL));
    before = *vms_find(f->vms, &vm_a);
    g_assert_true(vms_rename(f->vms, &vm_a, "M\xc3\xbcller", NULL, NULL));
    vm = vms_find(f->vms, &vm_a);
    g_assert_cmpstr(vm->name, ==, "M\xc3\xbcller");
    g_assert_cmpmem(vm->ek, vm->ek_len, before.ek, before.ek_len);
    g_assert_true(vm->group == before.group && vm->owner == before.owner && vm->enabled);
    g_assert_cmpint(vm->created, ==, before.created);
    assert_numbers(f, before.epoch, before.generation);
    g_assert_true(vms_rename(f->vms, &vm_a, "", NULL, NULL));
    crash(f);
    g_assert_cmpstr(vms_find(f->vms, &vm_a)->name, ==, "");
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->ek_len, ==, ek.len);
    g_assert_false(vms_rename(f->vms, &vm_b, "x", NULL, NULL));
}

static void test_names_are_text_of_one_line(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *longest = g_strnfill(REGISTRY_NAME_MAX, 'x');
    g_autofree char *longer = g_strnfill(REGISTRY_NAME_MAX + 1, 'x');
    const char *const bad[] = { "a\nb", "\x1b[2J", "\x7f", "\xff", "\xc2\x9b", longer };

    add(f, &vm_a);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(vms_rename(f->vms, &vm_a, bad[i], NULL, &error));
        g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT);
        g_assert_false(register_vm(f, &vm_b, 1, bad[i], NULL, no_ek, NULL));
        g_assert_false(groups_set(f->groups, bad[i], 1, NULL, NULL));
        g_assert_cmpstr(vms_find(f->vms, &vm_a)->name, ==, "name");
        g_assert_null(vms_find(f->vms, &vm_b));
    }
    g_assert_true(vms_rename(f->vms, &vm_a, longest, NULL, NULL));
}

static void break_file(const char *path, const char *sql);

static guint members(Fixture *f, const char *name)
{
    return groups_find(f->groups, name, NULL)->members;
}

static void test_groups(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GPtrArray) groups = NULL;

    add(f, &vm_a);
    add(f, &vm_b);
    g_assert_cmpuint(members(f, "default"), ==, 2);
    g_assert_true(groups_set(f->groups, "it's gold", 5, NULL, NULL));
    g_assert_true(vms_move(f->vms, &vm_a, "it's gold", NULL, NULL));
    g_assert_cmpuint(members(f, "default"), ==, 1);
    g_assert_cmpuint(members(f, "it's gold"), ==, 1);
    g_assert_true(groups_set(f->groups, "it's gold", 7, NULL, NULL));
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->group->weight, ==, 7);
    crash(f);
    g_assert_cmpstr(vms_find(f->vms, &vm_a)->group->name, ==, "it's gold");
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->group->weight, ==, 7);
    g_assert_cmpstr(vms_find(f->vms, &vm_b)->group->name, ==, "default");
    groups = groups_list(f->groups);
    g_assert_cmpuint(groups->len, ==, 2);
    g_assert_cmpstr(((RegistryGroup *)g_ptr_array_index(groups, 0))->name, ==, "default");
    g_assert_cmpuint(members(f, "it's gold"), ==, 1);
    /* Who is not registered is in no group: it comes back into the default one. */
    g_assert_true(vms_unregister(f->vms, &vm_a, NULL, NULL));
    g_assert_cmpuint(members(f, "it's gold"), ==, 0);
    g_assert_true(groups_remove(f->groups, "it's gold", NULL, NULL));
    reopen(f);
    g_assert_null(groups_find(f->groups, "it's gold", NULL));
    add(f, &vm_a);
    g_assert_cmpuint(members(f, "default"), ==, 2);
}

static void assert_error(GError *error, RegistryError code)
{
    g_assert_error(error, REGISTRY_ERROR, (gint)code);
    g_error_free(error);
}

static void test_refuses_wrong_groups(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *longest = g_strnfill(REGISTRY_NAME_MAX, 'x');
    g_autofree char *longer = g_strnfill(REGISTRY_NAME_MAX + 1, 'x');
    const struct {
        const char *name;
        guint weight;
    } wrong[] = { { "", 1 }, { longer, 1 }, { "a", 0 }, { "a", 101 } };
    GError *error = NULL;

    add(f, &vm_a);
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(groups_set(f->groups, wrong[i].name, wrong[i].weight, NULL, &error));
        assert_error(g_steal_pointer(&error), REGISTRY_ERROR_CONFLICT);
    }
    g_assert_true(groups_set(f->groups, longest, REGISTRY_WEIGHT_MAX, NULL, NULL));
    g_assert_false(groups_remove(f->groups, "a", NULL, &error));
    assert_error(g_steal_pointer(&error), REGISTRY_ERROR_UNKNOWN);
    g_assert_false(groups_remove(f->groups, "default", NULL, &error));
    assert_error(g_steal_pointer(&error), REGISTRY_ERROR_CONFLICT);
    g_assert_false(vms_move(f->vms, &vm_a, "a", NULL, &error));
    assert_error(g_steal_pointer(&error), REGISTRY_ERROR_UNKNOWN);
    g_assert_false(vms_move(f->vms, &vm_b, longest, NULL, &error));
    assert_error(g_steal_pointer(&error), REGISTRY_ERROR_UNKNOWN);
    g_assert_false(register_vm(f, &vm_b, 1, NULL, "a", no_ek, &error));
    assert_error(g_steal_pointer(&error), REGISTRY_ERROR_UNKNOWN);
    g_assert_null(vms_find(f->vms, &vm_b));
    g_assert_true(register_vm(f, &vm_b, 1, NULL, longest, no_ek, NULL));
    g_assert_false(groups_remove(f->groups, longest, NULL, &error));
    assert_error(g_steal_pointer(&error), REGISTRY_ERROR_CONFLICT);
    g_assert_cmpuint(members(f, longest), ==, 1);
}

/* A file of the version that had no groups. */
static void test_upgrades(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    add(f, &vm_a);
    add(f, &vm_b);
    start_life(f->vms, &vm_a, first, 0, no_ek, NULL);
    vms_advance(f->vms, &vm_a, 7, NULL);
    vms_unregister(f->vms, &vm_b, NULL, NULL);
    g_clear_pointer(&f->registry, registry_close);
    break_file(f->path,
               "ALTER TABLE vm DROP COLUMN vm_group; DROP TABLE vm_group;"
               "ALTER TABLE vm DROP COLUMN lineage;"
               "ALTER TABLE vm DROP COLUMN rule;"
               "ALTER TABLE vm DROP COLUMN continuity;"
               "ALTER TABLE vm DROP COLUMN broken;"
               "ALTER TABLE vm DROP COLUMN accepted; DROP TABLE vm_state; DROP TABLE vm_saved;"
               "DROP TABLE anchor; DROP TABLE audit; DROP TABLE audit_head;"
               "DROP TABLE vm_key; DROP TABLE group_seed;"
               "DROP TABLE group_approval;"
               "PRAGMA user_version = 1");
    open_registry(f);
    assert_numbers(f, 1, 7);
    g_assert_false(vms_find(f->vms, &vm_a)->state.known);
    g_assert_cmpstr(vms_find(f->vms, &vm_a)->group->name, ==, "default");
    g_assert_null(vms_find(f->vms, &vm_b));
    g_assert_cmpuint(members(f, "default"), ==, 1);
    g_assert_true(groups_set(f->groups, "g", 2, NULL, NULL));
    g_assert_true(vms_move(f->vms, &vm_a, "g", NULL, NULL));
    reopen(f);
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->group->weight, ==, 2);
}

static void break_file(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

static void test_refuses_what_it_cannot_read(Fixture *f, gconstpointer data)
{
    const char *sql = data;
    g_autoptr(GError) error = NULL;

    add(f, &vm_a);
    g_clear_pointer(&f->registry, registry_close);
    if (sql) {
        break_file(f->path, sql);
    } else {
        g_assert_true(
            g_file_set_contents(f->path, "This is no database, whatever it is called.", -1, NULL));
    }
    f->registry = registry_open(f->path, &error);
    g_assert_null(f->registry);
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE);
}

#define ADD(name, function, data)                                                                  \
    g_test_add("/manager/registry/" name, Fixture, data, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGXFSZ, SIG_IGN);
    ADD("keeps-rows", test_keeps_rows, NULL);
    ADD("refuses-doubles-and-strangers", test_refuses_doubles_and_strangers, NULL);
    ADD("a-new-instance-is-an-epoch", test_epochs, NULL);
    ADD("generation-never-goes-back", test_generation_never_back, NULL);
    ADD("unregistered-keeps-its-numbers", test_tombstone, NULL);
    ADD("orderly-end-skips-nothing", test_orderly_end_skips_nothing, NULL);
    ADD("crash-skips-but-never-repeats", test_crash_skips_but_never_repeats, NULL);
    ADD("lineage-is-of-a-registration", test_lineage, NULL);
    ADD("instance-goes-on-above-what-it-told", test_instance_goes_on_above_what_it_told, NULL);
    ADD("pins-the-first-ek", test_pins_ek_once, NULL);
    ADD("states-are-remembered", test_states_are_remembered, NULL);
    ADD("no-room-changes-nothing", test_no_room_changes_nothing, NULL);
    ADD("log-does-not-grow", test_log_does_not_grow, NULL);
    ADD("rename-keeps-all-else", test_rename_keeps_all_else, NULL);
    ADD("names-are-text-of-one-line", test_names_are_text_of_one_line, NULL);
    ADD("groups", test_groups, NULL);
    ADD("refuses-wrong-groups", test_refuses_wrong_groups, NULL);
    ADD("upgrades-a-file-without-groups", test_upgrades, NULL);
    ADD("refuses-a-newer-format", test_refuses_what_it_cannot_read, "PRAGMA user_version = 11");
    ADD("refuses-a-damaged-key", test_refuses_what_it_cannot_read,
        "INSERT INTO vm_key SELECT uuid, zeroblob(32), zeroblob(59) FROM vm");
    ADD("refuses-a-key-without-seed", test_refuses_what_it_cannot_read,
        "INSERT INTO vm_key SELECT uuid, x'', zeroblob(60) FROM vm");
    ADD("refuses-a-damaged-saved-state", test_refuses_what_it_cannot_read,
        "INSERT INTO vm_state SELECT uuid, zeroblob(32), zeroblob(32) FROM vm;"
        "INSERT INTO vm_saved SELECT uuid, zeroblob(31) FROM vm");
    ADD("refuses-a-damaged-seed", test_refuses_what_it_cannot_read,
        "INSERT INTO group_seed VALUES ('default', zeroblob(31))");
    ADD("refuses-a-damaged-approval-key", test_refuses_what_it_cannot_read,
        "INSERT INTO group_approval VALUES ('default', 'x', '')");
    ADD("refuses-a-format-below-0", test_refuses_what_it_cannot_read, "PRAGMA user_version = -1");
    ADD("refuses-an-unknown-group", test_refuses_what_it_cannot_read,
        "UPDATE vm SET vm_group = 'x'");
    ADD("refuses-a-lost-default-group", test_refuses_what_it_cannot_read, "DELETE FROM vm_group");
    ADD("refuses-a-damaged-weight", test_refuses_what_it_cannot_read,
        "UPDATE vm_group SET weight = 0");
    ADD("refuses-a-damaged-uuid", test_refuses_what_it_cannot_read, "UPDATE vm SET uuid = 'x'");
    ADD("refuses-a-damaged-instance", test_refuses_what_it_cannot_read,
        "UPDATE vm SET instance = x'00'");
    ADD("refuses-a-damaged-ek", test_refuses_what_it_cannot_read,
        "UPDATE vm SET ek = zeroblob(67)");
    ADD("refuses-an-unknown-rule", test_refuses_what_it_cannot_read, "UPDATE vm SET rule = 'x'");
    ADD("refuses-another-file", test_refuses_what_it_cannot_read, NULL);
    return g_test_run();
}
