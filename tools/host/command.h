/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's administration commands, as vtpm-managerctl knows them. */
#ifndef TOOLS_HOST_COMMAND_H
#define TOOLS_HOST_COMMAND_H

#include <json-glib/json-glib.h>

#include "options.h"

typedef struct CtlCommand {
    const char *name;
    const char *argument; /* member of the request that the argument is; NULL: none */
    gboolean more;        /* any words may follow: `local` looks at them */
    const char *help;
    /** Does without a request of that name to the manager, and ends the program with this status,
     * where it sets no error; @words are the command line's. NULL: the manager is asked. */
    int (*local)(const CtlOptions *options, char **words, GError **error);
    /** Puts into @request what options say; NULL: nothing. Errors: G_OPTION_ERROR. */
    gboolean (*prepare)(const CtlOptions *options, JsonObject *request, GError **error);
    /** Shows @answer to people; NULL: there is nothing to show. */
    void (*print)(JsonObject *answer);
} CtlCommand;

/** ctl_command_find: the command that @argv names. Errors: G_OPTION_ERROR. */
const CtlCommand *ctl_command_find(int argc, char **argv, GError **error);

/**
 * ctl_command_request: (transfer full): the request, one line.
 * @argument: %NULL where the command takes none
 *
 * Errors: G_OPTION_ERROR.
 */
char *ctl_command_request(const CtlCommand *command, const char *argument,
                          const CtlOptions *options, GError **error);

/** ctl_commands_describe: (transfer full): for --help: the commands, and the exit status. */
char *ctl_commands_describe(void);

#endif
