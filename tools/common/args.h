/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines: bytes are bytes, and short options are written as getopt takes them. */
#ifndef COMMON_ARGS_H
#define COMMON_ARGS_H

#include <glib.h>

/**
 * args_parse:
 * @context: gets @entries as its main entries
 * @argv: as main() got it; borrowed
 *
 * What an option is given reaches its variable byte by byte, whatever the locale and whichever
 * string type the entry has. A value may follow its short option at once: -cak.ctx, -Qcak.ctx.
 *
 * Returns: (transfer full): the program's name and the arguments that belong to no option; NULL
 * with the error set.
 * Errors: G_OPTION_ERROR.
 */
GStrv args_parse(GOptionContext *context, const GOptionEntry *entries, char **argv, GError **error);

#endif
