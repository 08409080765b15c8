/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a fuzz target once over each file of the directories given: its corpus, as a TAP test. */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int by_name(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *files_in(const char *path)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
    const char *name;

    if (!dir) {
        g_error("%s: %s", path, error->message);
    }
    while ((name = g_dir_read_name(dir))) {
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    }
    g_ptr_array_sort(names, by_name);
    return g_steal_pointer(&names);
}

static void replay(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    g_autofree uint8_t *exact = NULL;
    gsize size;

    if (!g_file_get_contents(name, &data, &size, &error)) {
        g_error("%s", error->message);
    }
    exact = g_memdup2(data, size); /* no terminating zero to read past the end unnoticed */
    LLVMFuzzerTestOneInput(exact, size);
}

int main(int argc, char **argv)
{
    unsigned n = 0;

    for (int i = 1; i < argc; i++) {
        g_autoptr(GPtrArray) names = files_in(argv[i]);

        for (guint j = 0; j < names->len; j++) {
            replay(g_ptr_array_index(names, j));
            printf("ok %u replays %s\n", ++n, strrchr(g_ptr_array_index(names, j), '/') + 1);
        }
    }
    printf("1..%u\n", n);
    return n == 0;
}
