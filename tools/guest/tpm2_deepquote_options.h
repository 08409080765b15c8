/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of tpm2_deepquote. */
#ifndef TOOLS_TPM2_DEEPQUOTE_OPTIONS_H
#define TOOLS_TPM2_DEEPQUOTE_OPTIONS_H

#include "tpm2_deepquote_cmw.h"
#include "tpm2_deepquote_quote.h"
#include "tpm2_deepquote_scheme.h"

#include "common/host-ask.h"

/** What the command line asks for, checked. Paths are NULL where they were not given. */
typedef struct Task {
    gboolean version; /* and nothing else */
    gboolean quote, ak_create, quiet, verbose, serialized;
    const char *tcti; /* NULL: the usual devices */
    const char *key;
    AuthValue auth, hierarchy_auth;
    SchemeChoice scheme;
    TPM2B_PUBLIC ak_template;
    DeepQuoteRequest request; /* without a scheme */
    const char *message, *signature, *pcrs, *evidence;
    const char *ak_public, *host_pcrs_out;
    HostCredentialFile credentials[HOST_CREDENTIALS];
    gsize credential_count;
    CmwTask cmw;
} Task;

/**
 * options_parse:
 * @ret: set only on success; what it points to lives as long as the program
 *
 * Errors: G_OPTION_ERROR and VTPM_ERROR_INPUT.
 */
gboolean options_parse(char **argv, Task *ret, GError **error);

/** options_wipe: passwords. */
void options_wipe(Task *task);

#endif
