/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the wire samples into the corpora: seed CORPUS-DIRECTORY */
#include <glib.h>

#include "wire_samples.h"

int main(int argc, char **argv)
{
    const WireSample *samples;
    size_t n;

    if (argc != 2) {
        g_printerr("usage: seed CORPUS-DIRECTORY\n");
        return 2;
    }
    samples = wire_samples(&n);
    for (size_t i = 0; i < n; i++) {
        g_autofree char *dir = g_build_filename(argv[1], samples[i].corpus, NULL);
        g_autofree char *name = g_build_filename(dir, samples[i].name, NULL);
        g_autoptr(GError) error = NULL;

        if (g_mkdir_with_parents(dir, 0777) != 0 ||
            !g_file_set_contents(name, (const char *)samples[i].bytes.p,
                                 (gssize)samples[i].bytes.len, &error)) {
            g_printerr("seed: %s\n", error ? error->message : dir);
            return 1;
        }
    }
    return 0;
}
