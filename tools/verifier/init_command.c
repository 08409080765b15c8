/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init_command.h"

#include "command.h"

int init_command(char **argv, GError **error)
{
    g_autofree char *path = NULL;
    const GOptionEntry entries[] = {
        { "store", 0, 0, G_OPTION_ARG_FILENAME, &path, "The file to make; it must not exist",
          "FILE" },
        { 0 },
    };
    g_auto(GStrv) words = command_parse(entries, argv, "- make a store", 0, error);

    if (!words) {
        return EXIT_UNUSABLE;
    }
    if (!path) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "name the store that is to be made with --store FILE");
        return EXIT_UNUSABLE;
    }
    return dq_store_file_create(path, error) ? EXIT_DONE : EXIT_UNUSABLE;
}
