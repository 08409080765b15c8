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

/** A key that signs, loaded in the TPM. */
typedef struct TpmKey {
    ESYS_TR handle;         /* ESYS_TR_NONE: not loaded; then the others are NULL */
    GBytes *name;           /* nameAlg || digest */
    GBytes *qualified_name; /* as the TPM puts it into what the key attests */
} TpmKey;

/**
 * TpmPrepare: makes in the TPM what all other commands count on, by tpm_run() and
 * tpm_session_take_key(). Called before the first of them and whenever that was lost.
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
 * tpm_session_open: connects, and prepares the TPM. A stand-in is started if nobody has; the
 * hardware never: there a TPM that is not started was reset, and its PCRs with it.
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
 * Errors: all of TpmError but TPM_ERROR_AK.
 */
gboolean tpm_run(TpmSession *tpm, const char *what, TpmCommand command, void *data, GError **error);

/** tpm_session_esys: the connection, for a TpmCommand. */
ESYS_CONTEXT *tpm_session_esys(TpmSession *tpm);

/** tpm_session_key: borrowed, until the TPM is prepared again. */
const TpmKey *tpm_session_key(const TpmSession *tpm);

/**
 * tpm_session_take_key:
 * @key: (transfer full): the fields; flushed when the session ends
 */
void tpm_session_take_key(TpmSession *tpm, TpmKey *key);

/**
 * tpm_session_set_auth:
 * @value: the endorsement hierarchy's authorization value; %NULL: forget it
 */
void tpm_session_set_auth(TpmSession *tpm, const TPM2B_AUTH *value);

/** tpm_session_has_auth: one was set, so that commands of the hierarchy need a session of it. */
gboolean tpm_session_has_auth(const TpmSession *tpm);

/** tpm_session_pcrs: what was last read of the PCRs. */
TpmPcrCache *tpm_session_pcrs(TpmSession *tpm);

/** tpm_session_simulated: the source says so. */
gboolean tpm_session_simulated(const TpmSession *tpm);

#endif
