/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that goes to the verifier in one file. */
#ifndef TOOLS_TPM2_DEEPQUOTE_CMW_H
#define TOOLS_TPM2_DEEPQUOTE_CMW_H

#include "cmw/cmw.h"
#include "common/output.h"

enum { GUEST_LOGS = 4 }; /* kinds that have a name */

/** CmwTask: what of it is asked for; paths are NULL where they were not given. */
typedef struct CmwTask {
    const char *json, *cbor;      /* where to write it */
    const char *logs[GUEST_LOGS]; /* files with the guest's own logs */
} CmwTask;

/**
 * cmw_parse_log: takes WHAT=FILE, WHAT being boot-log, ima-log, systemd-log or vtpm-ek.
 *
 * Errors: VTPM_ERROR_INPUT.
 */
gboolean cmw_parse_log(const char *text, CmwTask *task, GError **error);

/** cmw_put_part: a copy of the reference; NULL is none. */
void cmw_put_part(DqCmw *cmw, DqCmwPart part, GBytes *bytes);

/** cmw_put_credential: what the host told, if a verifier takes it from here: @what is
 * DEEPQUOTE_HOST_BOOT_LOG and so on. */
void cmw_put_credential(DqCmw *cmw, uint32_t what, GBytes *bytes);

/**
 * cmw_finish: reads the guest's logs, after the quote, and adds the files to write.
 *
 * Errors: G_FILE_ERROR.
 */
gboolean cmw_finish(const CmwTask *task, DqCmw *cmw, Output *output, GError **error);

#endif
