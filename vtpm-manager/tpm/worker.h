/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one thread that talks to the hardware TPM: jobs go in, in order; results come back. */
#ifndef VTPM_MANAGER_TPM_WORKER_H
#define VTPM_MANAGER_TPM_WORKER_H

#include "tpm/session.h"

typedef struct HwWorker HwWorker;

/** HwJobRun: on the worker's thread; the only place that may touch @tpm. */
typedef void (*HwJobRun)(HwTpm *tpm, void *job);

/** HwJobDone: in the main context, when the job has run; @job is the submitter's again. */
typedef void (*HwJobDone)(void *job);

/**
 * hw_worker_new:
 * @tpm: (transfer full): freed on the worker's thread
 * @context: where HwJobDone is called; its thread frees the worker
 */
HwWorker *hw_worker_new(HwTpm *tpm, GMainContext *context);

void hw_worker_submit(HwWorker *worker, HwJobRun run, HwJobDone done, void *job);

/** hw_worker_pending: jobs submitted whose HwJobDone has not been called yet. */
guint hw_worker_pending(HwWorker *worker);

/**
 * hw_worker_free: waits for the job that runs. Jobs still queued are not run, and not done: stop
 * submitting, and wait for hw_worker_pending() to become 0, where that matters.
 */
void hw_worker_free(HwWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HwWorker, hw_worker_free)

#endif
