/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl's command line. */
#ifndef TOOLS_HOST_OPTIONS_H
#define TOOLS_HOST_OPTIONS_H

#include <glib.h>

typedef struct CtlOptions {
    char *socket;
    gboolean json;
    gboolean version;
    char *rule;
    char *continuity;
    gboolean seal;
    char *why;
    char *owner;
    char *name;
    char *ek;
    char *group;
    int weight; /* 0: not given */
    char *key;
    char *list;
    gboolean replace;
    char *output;
    char *nonce;
    char *pcrs;
    char *message;
    char *signature;
    char *values;
    char *root;
    gboolean sign;
    char *ak; /* NULL: none */
    gboolean verify;
    char *head;
    /* Of `vm` commands */
    gboolean generate;
    gboolean keep_state;
    gboolean local_ca;
    gboolean qemu;
    gboolean yes;
    char *qemu_group;
    char *pcr_banks;
    char *memory_max;
    int cpu_weight; /* 0: not given */
    char *model;
    char *qmp;
    char *host_pcrs;
    char *flags;
    int timeout; /* seconds; 0: not given */
} CtlOptions;

/**
 * ctl_options_parse:
 * @description: what --help says after the options
 *
 * Returns: (transfer full): @argv without the options: the command and its argument; NULL with the
 * error set.
 * Errors: G_OPTION_ERROR; --help ends the program.
 */
GStrv ctl_options_parse(char **argv, const char *description, CtlOptions *ret, GError **error);
void ctl_options_clear(CtlOptions *options);

#endif
