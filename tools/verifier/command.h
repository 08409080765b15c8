/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of tpm2_checkdeepquote have in common. */
#ifndef VERIFIER_COMMAND_H
#define VERIFIER_COMMAND_H

#include "store/store-file.h"
#include "attest/store.h"

/** Exit statuses. Those of a verdict are EXIT_TRUSTED, EXIT_REFUSED and EXIT_AUTHENTIC. */
enum {
    EXIT_DONE = 0,
    EXIT_TRUSTED = 0,
    EXIT_REFUSED = 1,
    EXIT_UNUSABLE = 2, /* usage, or something that cannot be read or written */
    EXIT_AUTHENTIC = 3,
    EXIT_NO_ANSWER = 4, /* nothing could be fetched that there could be a verdict on */
};

/**
 * CommandRun:
 * @argv: the command's name and its arguments
 *
 * Returns: an exit status; where @error is set, command_status() has it.
 */
typedef int (*CommandRun)(char **argv, GError **error);

typedef struct Command {
    const char *name;
    CommandRun run;
} Command;

/** command_find: among those up to one without a name; NULL where there is none of this name. */
const Command *command_find(const Command *commands, const char *name);

/**
 * command_run_one: runs the one of @commands that argv[1] names.
 * @names: all of them, for a message
 */
int command_run_one(const Command *commands, char **argv, const char *names, GError **error);

/**
 * command_parse: options into their variables.
 * @summary: the arguments, then what the command does, as g_option_context_new() takes it
 * @count: how many arguments there have to be
 *
 * Returns: (transfer full): the command's name and its arguments; NULL with the error set.
 */
GStrv command_parse(const GOptionEntry *entries, char **argv, const char *summary, guint count,
                    GError **error);

/** COMMAND_STORE, COMMAND_JSON: entries of the options that commands on a store share. */
#define COMMAND_STORE(path)                                                                        \
    {                                                                                              \
        "store", 0, 0, G_OPTION_ARG_FILENAME, path, "The verifier's store", "FILE"                 \
    }
#define COMMAND_JSON(flag)                                                                         \
    {                                                                                              \
        "json", 0, 0, G_OPTION_ARG_NONE, flag, "Print JSON", NULL                                  \
    }

/** command_status: the exit status for an error. */
int command_status(const GError *error);

/** command_open_store: @path may be NULL, which is an error. */
DqStoreFile *command_open_store(const char *path, GError **error);

/** command_now: seconds since 1970. */
int64_t command_now(void);

#endif
