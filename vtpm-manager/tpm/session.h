/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session with the hardware TPM: opened over any TCTI, used at locality 0 only, and opened again
 * when the TPM went away and came back. Whatever is asked of the TPM goes through tpm_run().
 *
 * Not thread safe: everything but tpm_session_new() belongs on one worker thread.
 */
#ifndef VTPM_MANAGER_TPM_SESSION_H
#define VTPM_MANAGER_TPM_SESSION_H

#include "tpm/error.h"
#include "tpm/pcr.h"
#include "tpm/source.h"

typedef struct TpmSession TpmSession;

/**
 * TpmPrepare: makes in the TPM what all other commands count on, by tpm_run() and
 * tpm_session_set_key(). Called before the first of them and whenever that was lost.
 */
typedef gboolean (*TpmPrepare)(TpmSession *tpm, void *data, GError **error);

/** TpmCommand: sends one command, with tpm_session_esys(); may be called several times. */
typedef TSS2_RC (*TpmCommand)(TpmSession *tpm, void *data);

/**
 * tpm_session_new:
 * @source: copied; what its data points to must outlive the session
 * @prepare, @data: borrowed
 *
 * Talks to nobody yet.
 */
TpmSession *tpm_session_new(const TpmSource *source, TpmPrepare prepare, void *data);

/** tpm_session_free: closes the connection; flushes the key. */
void tpm_session_free(TpmSession *tpm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TpmSession, tpm_session_free)

/**
 * tpm_session_open: connects, starts the TPM if nobody has, and prepares it.
 *
 * Errors: TPM_ERROR_GONE, and those of the preparation.
 */
gboolean tpm_session_open(TpmSession *tpm, GError **error);

/**
 * tpm_run:
 * @what: what is tried, for messages
 *
 * Calls @command, again where its response code asks for that: a little later, or after the TPM was
 * opened, started and prepared anew. While the TPM is being prepared, commands only wait.
 *
 * Errors: TPM_ERROR_BUSY, TPM_ERROR_LOCKOUT, TPM_ERROR_GONE, TPM_ERROR_VALUE, TPM_ERROR_FAILED.
 */
gboolean tpm_run(TpmSession *tpm, const char *what, TpmCommand command, void *data, GError **error);

/** tpm_session_esys: the connection, for a TpmCommand. */
ESYS_CONTEXT *tpm_session_esys(TpmSession *tpm);

/** tpm_session_key, tpm_session_set_key: the key that signs, flushed by the session. */
ESYS_TR tpm_session_key(const TpmSession *tpm);
void tpm_session_set_key(TpmSession *tpm, ESYS_TR key);

/** tpm_session_pcrs: what was last read of the PCRs. */
TpmPcrCache *tpm_session_pcrs(TpmSession *tpm);

/** tpm_session_simulated: the source says so. */
gboolean tpm_session_simulated(const TpmSession *tpm);

#endif
