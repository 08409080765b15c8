/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Countersigning: requests queue, the worker's TPM signs a batch of them, each gets its evidence.
 * Every request is answered exactly once, or cancelled by who made it.
 *
 * The rules are those of docs/specs/batching.md.
 */
#ifndef VTPM_MANAGER_QUOTE_QUOTER_H
#define VTPM_MANAGER_QUOTE_QUOTER_H

#include "quote/batch.h"
#include "daemon/histogram.h"
#include "tpm/info.h"
#include "tpm/worker.h"

typedef struct Quoter Quoter;
typedef struct QuoteTicket QuoteTicket;

/**
 * QuoteDone:
 * @status: MANAGER_OK, or why there is no evidence
 * @evidence: borrowed; empty unless MANAGER_OK
 *
 * The ticket is gone when this is called.
 */
typedef void (*QuoteDone)(void *data, ManagerStatus status, WireBytes evidence);

typedef struct QuoterCounts {
    guint64 requests;
    guint64 answered; /* with evidence */
    guint64 refused;
    guint64 timed_out;
    guint64 cancelled;
    guint64 batches; /* hardware quotes made */
    guint queued;
    guint in_flight;
} QuoterCounts;

/** How it went since the start. */
typedef struct QuoterTimes {
    Histogram latency;    /* of answers with evidence, from request to answer, in microseconds */
    Histogram quote;      /* of hardware quotes, with the wait for the worker, in microseconds */
    Histogram batch_size; /* of hardware quotes made */
} QuoterTimes;

/**
 * quoter_new:
 * @worker: borrowed, outlives the quoter
 * @batch_limit: 1 to BATCH_LIMIT requests share a quote at most
 */
Quoter *quoter_new(TpmWorker *worker, TpmInfo *info, GMainContext *context, guint batch_limit);

/** quoter_free: answers what waits with MANAGER_HOST_TPM. */
void quoter_free(Quoter *quoter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Quoter, quoter_free)

/**
 * quoter_submit:
 * @binding, @pcrs: copied; @pcrs must be PCRs that the TPM has
 * @room: bytes that the evidence may have
 * @timeout_ms: after that MANAGER_TIMEOUT
 *
 * Returns: (transfer none): for quoter_cancel(), valid until @done is called; %NULL where too much
 * waits already (@done is not called).
 */
QuoteTicket *quoter_submit(Quoter *quoter, const Binding *binding, const WirePcrSelection *pcrs,
                           guint room, guint timeout_ms, QuoteDone done, void *data);

/** quoter_cancel: the requester is gone: @done will not be called. */
void quoter_cancel(Quoter *quoter, QuoteTicket *ticket);

QuoterCounts quoter_counts(const Quoter *quoter);

/** quoter_times: borrowed, and changing as long as @quoter lives. */
const QuoterTimes *quoter_times(const Quoter *quoter);

/** quoter_tpm_error: why the last hardware quote failed, borrowed; %NULL where it did not. */
const char *quoter_tpm_error(const Quoter *quoter);

/** quoter_crowded: more waits than the next batch takes, so a further request delays others. */
gboolean quoter_crowded(const Quoter *quoter);

/** quoter_idle: nothing waits and nothing is in flight. */
gboolean quoter_idle(const Quoter *quoter);

/** quoter_status_of_error: how a failure of the hardware TPM is told to a vTPM. */
ManagerStatus quoter_status_of_error(const GError *error);

#endif
