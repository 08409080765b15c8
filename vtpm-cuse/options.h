/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VTPM_CUSE_OPTIONS_H
#define VTPM_CUSE_OPTIONS_H

#include "link.h"
#include "privileges.h"

typedef struct Options {
    char *name; /* of the device: behind /dev/ */
    LinkPlace place;
    User owner; /* may open the device, beside root */
    User runas;
    int cuse_fd; /* the kernel's device, open already; -1: not */
    gboolean background;
    gboolean version;
} Options;

/**
 * options_parse: @argv as main() got it. --help ends the program.
 *
 * Errors: G_OPTION_ERROR. With --version nothing else is set.
 */
gboolean options_parse(char **argv, Options *ret, GError **error);
void options_clear(Options *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

#endif
