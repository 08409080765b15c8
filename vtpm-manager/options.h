/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerd's command line. */
#ifndef VTPM_MANAGER_OPTIONS_H
#define VTPM_MANAGER_OPTIONS_H

#include "common/auth.h"
#include "daemon/listen_address.h"
#include "tpm/ak.h"

typedef struct Options {
    char *tcti;
    char *simulate_dir; /* NULL: none */
    char *state_dir;
    char *socket;
    mode_t socket_mode;
    char *admin_socket;
    TpmAkAlgorithm ak_algorithm;
    char *ak_certificate; /* NULL: none */
    AuthValue eh_auth;    /* an AUTH_PASSWORD; empty: none */
    AuthValue owner_auth; /* the same */
    TPM2_HANDLE nv_index;
    gboolean share_logs;
    char *boot_log; /* NULL: none to share */
    char *ima_log;  /* NULL: none to share */
    guint batch_limit;
    guint vm_rate; /* 0: no limit */
    guint vm_burst;
    guint audit_interval; /* seconds */
    gboolean metrics;     /* served at all, at @metrics_address */
    ListenAddress metrics_address;
    gboolean verbose;
    gboolean version;
} Options;

/** options_parse: G_OPTION_ERROR where the command line is wrong; --help ends the program. */
gboolean options_parse(char **argv, Options *ret, GError **error);
void options_clear(Options *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

#endif
