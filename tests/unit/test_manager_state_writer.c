/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <glib/gstdio.h>

#include "state/writer.h"

enum { VMS = 50 };

typedef struct Fixture {
    char *dir;
    char *path;
    RegistryStore *store;
    StateWriter *writer;
    guint stored, failed;
} Fixture;

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->dir = g_dir_make_tmp("states-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "registry.db", NULL);
    f->store = registry_store_open(f->path, NULL);
    g_assert_nonnull(f->store);
    f->writer = state_writer_new(f->store, NULL);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *wal = g_strconcat(f->path, "-wal", NULL);

    state_writer_free(f->writer);
    registry_store_close(f->store);
    g_unlink(f->path);
    g_unlink(wal);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static RegistryVmState state_of(uint8_t number)
{
    RegistryVmState vm = { .state = { .known = TRUE } };

    vm.uuid.byte[0] = number;
    vm.state.stored[0] = number;
    vm.state.announced[0] = (uint8_t)(number + 1);
    return vm;
}

static void written(const RegistryVmState *vm, const GError *error, void *data)
{
    Fixture *f = data;

    g_assert_cmpuint(vm->state.stored[0], ==, vm->uuid.byte[0]);
    f->stored += !error;
    f->failed += error ? 1 : 0;
}

static void put_all(Fixture *f)
{
    for (unsigned i = 0; i < VMS; i++) {
        const RegistryVmState vm = state_of((uint8_t)i);

        state_writer_put(f->writer, &vm, written, f);
        g_assert_true(state_writer_has(f->writer, &vm.uuid));
    }
}

static void each_is_told_when_it_is_stored(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const RegistryVmState other = state_of(VMS);

    put_all(f);
    g_assert_false(state_writer_has(f->writer, &other.uuid));
    g_assert_cmpuint(f->stored, ==, 0); /* not before its context runs */
    while (f->stored + f->failed < VMS) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpuint(f->stored, ==, VMS);
}

static void an_end_forgets_nobody(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    put_all(f);
    g_clear_pointer(&f->writer, state_writer_free); /* some are stored, and the rest is told */
    g_assert_cmpuint(f->stored + f->failed, ==, VMS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/manager/state-writer/each-is-told-when-it-is-stored", Fixture, NULL, set_up,
               each_is_told_when_it_is_stored, tear_down);
    g_test_add("/manager/state-writer/an-end-forgets-nobody", Fixture, NULL, set_up,
               an_end_forgets_nobody, tear_down);
    return g_test_run();
}
