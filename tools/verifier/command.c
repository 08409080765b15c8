/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"

#include "appraise/error.h"
#include "common/args.h"

#include <string.h>

const Command *command_find(const Command *commands, const char *name)
{
    for (; commands->name; commands++) {
        if (strcmp(commands->name, name) == 0) {
            return commands;
        }
    }
    return NULL;
}

int command_run_one(const Command *commands, char **argv, const char *names, GError **error)
{
    const Command *command = argv[1] ? command_find(commands, argv[1]) : NULL;
    g_autofree char *program = g_strdup_printf("%s %s", g_get_prgname(), argv[0]);

    if (!command) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s: say one of %s", argv[0],
                    names);
        return EXIT_UNUSABLE;
    }
    g_set_prgname(program);
    return command->run(argv + 1, error);
}

GStrv command_parse(const GOptionEntry *entries, char **argv, const char *summary, guint count,
                    GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(summary);
    g_autofree char *program = g_strdup_printf("%s %s", g_get_prgname(), argv[0]);
    g_auto(GStrv) words = NULL;

    g_set_prgname(program);
    words = args_parse(context, entries, argv, error);
    if (!words) {
        g_prefix_error(error, "%s: ", argv[0]);
        return NULL;
    }
    if (g_strv_length(words) != 1 + count) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "%s: it takes %u argument%s; see --help", argv[0], count,
                    count == 1 ? "" : "s");
        return NULL;
    }
    return g_steal_pointer(&words);
}

int command_status(const GError *error)
{
    return g_error_matches(error, DQ_ERROR, DQ_ERROR_RECORD) || error->domain == DQ_LOG_ERROR
               ? EXIT_REFUSED
               : EXIT_UNUSABLE;
}

DqStoreFile *command_open_store(const char *path, GError **error)
{
    if (!path) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "name the verifier's store with --store FILE");
        return NULL;
    }
    return dq_store_file_open(path, error);
}

int64_t command_now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}
