/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of tpm_deepquote. */
#ifndef TOOLS_GUEST12_OPTIONS_H
#define TOOLS_GUEST12_OPTIONS_H

#include "quote.h"

#include "common/host-ask.h"

typedef enum LogLevel {
    LOG_NONE,
    LOG_ERROR,
    LOG_INFO,
    LOG_DEBUG,
} LogLevel;

/** What the command line asks for, checked. Paths are NULL where they were not given. */
typedef struct Task {
    gboolean version; /* and nothing else */
    LogLevel log;
    gboolean aik_create, quote;
    gboolean unicode;
    SecretKind owner, srk, aik;
    const char *device;
    const char *blob, *public; /* the AIK's */
    const char *message, *signature, *pcrs, *evidence;
    HostCredentialFile credentials[HOST_CREDENTIALS];
    gsize credential_count;
    QuoteRequest request; /* without key and secrets */
} Task;

/**
 * options_parse:
 * @ret: what it points to lives as long as the program; @ret->log is set on failure too, where that
 *   option was right
 *
 * Errors: G_OPTION_ERROR and TPM12_ERROR_INPUT.
 */
gboolean options_parse(char **argv, Task *ret, GError **error);

#endif
