/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyed hash over the registry's file: what it sees, and what it is of. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "registry/anchor.h"
#include "registry/registry.h"
#include "registry/root.h"

static const uint8_t key[REGISTRY_KEY_SIZE] = "a key that a TPM would have made";
static const uint8_t other_key[REGISTRY_KEY_SIZE] = "a key that this TPM did not make";
static const WireUuid vm_a = { "aaaaaaaaaaaaaaa" };
static const WireUuid vm_b = { "bbbbbbbbbbbbbbb" };

typedef struct Fixture {
    char *dir;
    char *path;
    Registry *registry;
    RegistryStore *store;
    RegistryVms *vms;
    RegistryChanges seen;
} Fixture;

static void note(RegistryChanges changes, void *data)
{
    Fixture *f = data;

    f->seen |= changes;
}

static void open_registry(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    f->registry = registry_open(f->path, &error);
    g_assert_no_error(error);
    f->store = registry_store(f->registry);
    f->vms = registry_vms(f->registry);
}

static gboolean add(Fixture *f, const WireUuid *uuid, GError **error)
{
    const RegistryNewVm vm = { .uuid = *uuid, .rule = REGISTRY_RULE_LIBVIRT, .owner = 1000 };

    return vms_register(f->vms, &vm, NULL, error);
}

static void begin(Fixture *f)
{
    const RegistryAnchor anchor = { .seed = "seed", .value = 7, .used = 1.5, .then = 9 };
    g_autoptr(GError) error = NULL;

    registry_anchor_begin(f->store, key, &anchor, &error);
    g_assert_no_error(error);
}

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->dir = g_dir_make_tmp("anchor-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "registry.db", NULL);
    open_registry(f);
    g_assert_true(add(f, &vm_a, NULL));
    begin(f);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_clear_pointer(&f->registry, registry_close);
    g_unlink(f->path);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0);
    g_free(f->path);
    g_free(f->dir);
}

static void execute(const Fixture *f, const char *sql)
{
    sqlite3 *db;

    g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

/* Whether a manager that starts now finds its registry. */
static gboolean is_right(Fixture *f, const uint8_t *with_key)
{
    g_autoptr(GError) error = NULL;
    gboolean right;

    g_clear_pointer(&f->registry, registry_close);
    open_registry(f);
    right = registry_anchor_check(f->store, with_key, &error);
    if (!right) {
        g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_FORGED);
    }
    return right;
}

static void test_each_change_is_covered(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const RegistryState known = { .known = TRUE, .stored = "s", .announced = "a" };
    const RegistryLife life = { .instance = (const uint8_t *)"instance number", .state = known };
    RegistryVmState state = { vm_a, known };
    g_autoptr(GPtrArray) states = g_ptr_array_new();
    RegistryGroups *groups = registry_groups(f->registry);

    g_ptr_array_add(states, &state);
    g_assert_true(add(f, &vm_b, NULL));
    g_assert_true(groups_set(groups, "gold", 5, NULL, NULL));
    g_assert_true(groups_set(groups, "gold", 6, NULL, NULL));
    g_assert_true(vms_move(f->vms, &vm_a, "gold", NULL, NULL));
    g_assert_true(is_right(f, key));
    g_assert_true(vms_start_life(f->vms, &vm_a, &life, NULL));
    g_assert_true(vms_seal(f->vms, &vm_a, NULL, NULL));
    g_assert_true(groups_ensure_seed(registry_groups(f->registry), "gold", NULL));
    g_assert_true(vms_set_key(f->vms, &vm_a, &(RegistryKey){ TRUE, TRUE, "s", "w" }, NULL));
    g_assert_true(registry_store_put_states(f->store, states, NULL));
    g_assert_true(is_right(f, key));
    g_assert_true(vms_move(f->vms, &vm_a, REGISTRY_GROUP_DEFAULT, NULL, NULL));
    g_assert_true(groups_remove(registry_groups(f->registry), "gold", NULL, NULL));
    g_assert_true(vms_unregister(f->vms, &vm_b, NULL, NULL));
    g_assert_true(add(f, &vm_b, NULL));
    g_assert_true(is_right(f, key));
    g_assert_false(is_right(f, other_key));
    g_assert_true(is_right(f, key));
}

/* Each column of each table, by itself. */
static void test_each_value_counts(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const tables[] = { "vm",     "vm_state",   "vm_group",       "anchor",
                                          "vm_key", "group_seed", "group_approval", "vm_saved" };
    static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
                              "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
                              "-----END PUBLIC KEY-----\n";
    const RegistryVmState state = {
        vm_a,
        { .known = TRUE, .stored = "s", .announced = "a", .suspended = TRUE, .saved = "v" },
    };
    const RegistryKey wrapped = { TRUE, TRUE, "seed", "wrapped" };
    g_autoptr(GPtrArray) states = g_ptr_array_new();
    guint count = 0;

    g_ptr_array_add(states, (gpointer)&state);
    g_assert_true(registry_store_put_states(f->store, states, NULL));
    g_assert_true(vms_set_key(f->vms, &vm_a, &wrapped, NULL));
    g_assert_true(groups_ensure_seed(registry_groups(f->registry), REGISTRY_GROUP_DEFAULT, NULL));
    g_assert_true(
        groups_set_key(registry_groups(f->registry), REGISTRY_GROUP_DEFAULT, pem, NULL, NULL));
    g_clear_pointer(&f->registry, registry_close);
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *sql = g_strdup_printf("SELECT * FROM %s", tables[i]);
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        sqlite3_stmt *s;
        sqlite3 *db;

        g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_prepare_v2(db, sql, -1, &s, NULL), ==, SQLITE_OK);
        for (int c = 0; c < sqlite3_column_count(s); c++) {
            g_ptr_array_add(names, g_strdup(sqlite3_column_name(s, c)));
        }
        sqlite3_finalize(s);
        sqlite3_close(db);
        for (guint c = 0; c < names->len; c++) {
            const char *name = g_ptr_array_index(names, c);
            g_autofree char *change = NULL;
            g_autofree char *text = NULL;
            gsize size;

            /* What may not be read back as what it is stands for what cannot be opened at all. */
            if (g_str_equal(name, "id") || g_str_equal(name, "uuid") || g_str_equal(name, "rule") ||
                g_str_equal(name, "vm_group") || g_str_equal(name, "lineage") ||
                g_str_equal(name, "continuity") || g_str_equal(name, "list") ||
                ((i == 2 || i == 5) && g_str_equal(name, "name"))) {
                continue;
            }
            g_assert_true(g_file_get_contents(f->path, &text, &size, NULL));
            change = g_strdup_printf(
                "UPDATE %s SET %s = CASE typeof(%s) WHEN 'blob' THEN "
                "CASE length(%s) WHEN 0 THEN zeroblob(16) ELSE zeroblob(length(%s)) END "
                "WHEN 'text' THEN %s || 'x' ELSE %s + 1 END",
                tables[i], name, name, name, name, name, name);
            execute(f, change);
            open_registry(f);
            g_assert_false(is_right(f, key));
            g_clear_pointer(&f->registry, registry_close);
            g_assert_true(g_file_set_contents(f->path, text, (gssize)size, NULL));
            open_registry(f);
            g_assert_true(is_right(f, key));
            g_clear_pointer(&f->registry, registry_close);
            count++;
        }
    }
    g_assert_cmpuint(count, >=, 26);
}

static void test_nothing_changes_before_the_check(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&f->registry, registry_close);
    open_registry(f);
    g_assert_false(add(f, &vm_b, &error));
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE);
    g_clear_error(&error);
    g_assert_null(vms_find(f->vms, &vm_b));
    g_assert_false(registry_anchor_check(f->store, other_key, &error));
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_ERROR_FORGED);
    g_assert_false(add(f, &vm_b, NULL));
    g_assert_true(registry_anchor_check(f->store, key, NULL));
    g_assert_true(add(f, &vm_b, NULL));
    g_assert_true(is_right(f, key));
}

static void test_values_are_kept(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    RegistryAnchor anchor;

    g_assert_true(is_right(f, key));
    g_assert_true(registry_anchor_get(f->store, &anchor));
    g_assert_cmpuint(anchor.value, ==, 7);
    g_assert_cmpfloat(anchor.used, ==, 1.5);
    g_assert_cmpint(anchor.then, ==, 9);
    anchor.value = 8;
    g_assert_true(registry_anchor_set(f->store, &anchor, NULL));
    g_assert_true(is_right(f, key));
    anchor.value = 0;
    g_assert_true(registry_anchor_get(f->store, &anchor));
    g_assert_cmpuint(anchor.value, ==, 8);
}

static void test_accepting_renews_lineages(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const RegistryAnchor anchor = { .seed = "another" };
    const RegistryAuthor by = { 1000, "because" };
    uint8_t lineage[DEEPQUOTE_LINEAGE_SIZE];
    g_autoptr(GError) error = NULL;

    memcpy(lineage, vms_find(f->vms, &vm_a)->lineage, sizeof(lineage));
    g_clear_pointer(&f->registry, registry_close);
    execute(f, "UPDATE vm SET owner = 0");
    open_registry(f);
    g_assert_false(registry_anchor_check(f->store, key, NULL));
    g_assert_true(registry_anchor_accept(f->store, other_key, &anchor, &by, &error));
    g_assert_no_error(error);
    g_assert_true(registry_reload(f->registry, &error));
    g_assert_no_error(error);
    g_assert_cmpint(memcmp(vms_find(f->vms, &vm_a)->lineage, lineage, sizeof(lineage)), !=, 0);
    g_assert_cmpuint(vms_find(f->vms, &vm_a)->group->members, ==, 1);
    g_assert_true(is_right(f, other_key));
    g_assert_false(is_right(f, key));
}

static void test_changes_are_told(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    RegistryVmState state = { vm_a, { .known = TRUE } };
    g_autoptr(GPtrArray) states = g_ptr_array_new();
    RegistryAnchor anchor;

    g_ptr_array_add(states, &state);
    registry_store_watch(f->store, note, f);
    g_assert_true(registry_anchor_get(f->store, &anchor));
    g_assert_true(registry_anchor_set(f->store, &anchor, NULL));
    g_assert_cmpint(f->seen, ==, 0);
    g_assert_true(registry_store_put_states(f->store, states, NULL));
    g_assert_cmpint(f->seen, ==, REGISTRY_CHANGED_STATES);
    g_assert_true(add(f, &vm_b, NULL));
    g_assert_cmpint(f->seen, ==, REGISTRY_CHANGED_STATES | REGISTRY_CHANGED_VMS);
    registry_store_watch(f->store, NULL, NULL);
}

static void digest(const char *table, const char *a, const char *b, uint8_t ret[ROOT_HASH_SIZE])
{
    const RootValue values[] = { { SQLITE_TEXT, 0, a, strlen(a) },
                                 { SQLITE_TEXT, 0, b, strlen(b) } };

    g_assert_true(root_digest_row(table, values, G_N_ELEMENTS(values), ret));
}

static void test_rows_are_told_apart(void)
{
    uint8_t d[4][ROOT_HASH_SIZE];
    uint8_t number[2][ROOT_HASH_SIZE];
    const RootValue one = { SQLITE_INTEGER, 1, NULL, 0 };
    const RootValue blob = { SQLITE_BLOB, 0, "a", 1 };

    digest("t", "ab", "c", d[0]);
    digest("t", "a", "bc", d[1]);
    digest("ta", "b", "c", d[2]);
    digest("t", "abc", "", d[3]);
    for (gsize i = 0; i < G_N_ELEMENTS(d); i++) {
        for (gsize j = 0; j < i; j++) {
            g_assert_cmpint(memcmp(d[i], d[j], ROOT_HASH_SIZE), !=, 0);
        }
    }
    g_assert_true(root_digest_row("t", &one, 1, number[0]));
    g_assert_true(root_digest_row("t", &blob, 1, number[1]));
    g_assert_cmpint(memcmp(number[0], number[1], ROOT_HASH_SIZE), !=, 0);
}

static void test_order_does_not_matter(void)
{
    uint8_t a[ROOT_HASH_SIZE], b[ROOT_HASH_SIZE], mac[3][ROOT_HASH_SIZE];
    Root x = { 0 }, y = { 0 };

    digest("t", "a", "", a);
    digest("t", "b", "", b);
    g_assert_true(root_add(&x, key, a) && root_add(&x, key, b));
    g_assert_true(root_add(&y, key, b) && root_add(&y, key, a) && root_add(&y, key, b) &&
                  root_remove(&y, key, b));
    g_assert_cmpmem(&x, sizeof(x), &y, sizeof(y));
    g_assert_true(root_mac(&x, key, "more", 4, mac[0]));
    g_assert_true(root_mac(&x, key, "most", 4, mac[1]));
    g_assert_true(root_mac(&x, other_key, "more", 4, mac[2]));
    g_assert_cmpint(memcmp(mac[0], mac[1], ROOT_HASH_SIZE), !=, 0);
    g_assert_cmpint(memcmp(mac[0], mac[2], ROOT_HASH_SIZE), !=, 0);
    /* A row twice is not none. */
    g_assert_true(root_add(&y, key, a) && root_add(&y, key, a));
    g_assert_true(root_mac(&y, key, "more", 4, mac[1]));
    g_assert_cmpint(memcmp(mac[0], mac[1], ROOT_HASH_SIZE), !=, 0);
}

#define ADD(name, function)                                                                        \
    g_test_add("/manager/registry/anchor/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("each-change-is-covered", test_each_change_is_covered);
    ADD("each-value-counts", test_each_value_counts);
    ADD("nothing-changes-before-the-check", test_nothing_changes_before_the_check);
    ADD("values-are-kept", test_values_are_kept);
    ADD("accepting-renews-lineages", test_accepting_renews_lineages);
    ADD("changes-are-told", test_changes_are_told);
    g_test_add_func("/manager/registry/anchor/rows-are-told-apart", test_rows_are_told_apart);
    g_test_add_func("/manager/registry/anchor/order-does-not-matter", test_order_does_not_matter);
    return g_test_run();
}
