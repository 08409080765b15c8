/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl: what its command line says, and how answers are shown. */
#ifndef TOOLS_HOST_CTL_H
#define TOOLS_HOST_CTL_H

#include <json-glib/json-glib.h>

typedef struct CtlOptions {
    char *socket;
    gboolean json;
    gboolean version;
    char *owner;
    char *name;
    char *ek;
    char *group;
    int weight; /* 0: not given */
    char *output;
    char *nonce;
    char *pcrs;
    char *message;
    char *signature;
    char *values;
} CtlOptions;

/** ctl_parse_pcrs: "sha256:0,1,7+sha1:0" as the request's array; G_OPTION_ERROR for others. */
JsonArray *ctl_parse_pcrs(const char *text, GError **error);

/** ctl_print_...: an answer for people; FALSE with @error where a file cannot be written. */
gboolean ctl_print_nothing(JsonObject *answer, const CtlOptions *options, GError **error);
gboolean ctl_print_status(JsonObject *answer, const CtlOptions *options, GError **error);
gboolean ctl_print_list(JsonObject *answer, const CtlOptions *options, GError **error);
gboolean ctl_print_vm(JsonObject *answer, const CtlOptions *options, GError **error);
gboolean ctl_print_groups(JsonObject *answer, const CtlOptions *options, GError **error);
gboolean ctl_print_ak(JsonObject *answer, const CtlOptions *options, GError **error);
gboolean ctl_print_quote(JsonObject *answer, const CtlOptions *options, GError **error);

/** ctl_write_files: what --output, -m, -s and -o ask for, whatever is printed. */
gboolean ctl_write_files(JsonObject *answer, const CtlOptions *options, GError **error);

/** ctl_time_text: (transfer full): seconds since 1970 for people; "never" for 0. */
char *ctl_time_text(gint64 seconds);

/** ctl_bank_name: "sha256" for 11; "unknown" for what is not known. Static. */
const char *ctl_bank_name(gint64 bank);

#endif
