/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one thread that talks to the hardware TPM: jobs go in, quotes first; results come back. */
#ifndef VTPM_MANAGER_TPM_WORKER_H
#define VTPM_MANAGER_TPM_WORKER_H

#include "tpm/session.h"

typedef struct TpmWorker TpmWorker;

/** Jobs of a kind are run in order. */
typedef enum TpmJobKind {
    TPM_JOB_QUOTE, /* goes before reads, but not for ever: after eight of them a read is next */
    TPM_JOB_READ,  /* has an eighth of the TPM's time where quotes come; a slow one has more */
    TPM_JOB_KINDS,
} TpmJobKind;

/** TpmJobRun: on the worker's thread; the only place that may touch @tpm. */
typedef void (*TpmJobRun)(TpmSession *tpm, void *job);

/** TpmJobDone: in the main context, when the job has run; @job is the submitter's again. */
typedef void (*TpmJobDone)(void *job);

/**
 * tpm_worker_new:
 * @tpm: (transfer full): freed on the worker's thread
 * @context: where TpmJobDone is called; its thread frees the worker
 */
TpmWorker *tpm_worker_new(TpmSession *tpm, GMainContext *context);

void tpm_worker_submit(TpmWorker *worker, TpmJobKind kind, TpmJobRun run, TpmJobDone done,
                       void *job);

/** tpm_worker_quotes: jobs of kind TPM_JOB_QUOTE whose TpmJobDone has been called or is now. */
uint64_t tpm_worker_quotes(TpmWorker *worker);

/** tpm_worker_pending: jobs submitted whose TpmJobDone has not been called yet. */
guint tpm_worker_pending(TpmWorker *worker);

/**
 * tpm_worker_end:
 * @seconds: to wait for the job that runs, and for the session with the TPM to be closed
 *
 * Jobs still queued are not run, and not done: stop submitting, and wait for tpm_worker_pending()
 * to become 0, where that matters.
 *
 * Returns: FALSE: the TPM did not answer in that time, and @worker cannot be freed
 */
gboolean tpm_worker_end(TpmWorker *worker, guint seconds);

/** tpm_worker_free: only after it has ended. */
void tpm_worker_free(TpmWorker *worker);

#endif
