/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of requests for a hardware quote. The TPM signs a batch of them at a time, and each
 * requester gets its own evidence. Every request is answered exactly once, unless its requester
 * cancels it.
 *
 * The rules are those of docs/specs/batching.md.
 */
#ifndef VTPM_MANAGER_QUOTE_QUOTER_H
#define VTPM_MANAGER_QUOTE_QUOTER_H

#include "quote/batch.h"
#include "daemon/histogram.h"
#include "tpm/worker.h"

typedef struct Quoter Quoter;
typedef struct QuoteTicket QuoteTicket;

/**
 * QuoteDone:
 * @reason: MANAGER_REASON_NONE, or why there is no evidence
 * @evidence: borrowed; empty where there is none
 *
 * The ticket is no longer valid when this is called.
 */
typedef void (*QuoteDone)(void *data, ManagerReason reason, WireBytes evidence);

typedef struct QuoterCounts {
    uint64_t requests;
    uint64_t answered; /* with evidence */
    uint64_t refused;
    uint64_t timed_out;
    uint64_t cancelled;
    uint64_t batches; /* hardware quotes made */
    guint queued;
    guint in_flight;
} QuoterCounts;

/** How long quotes have taken since the manager started. */
typedef struct QuoterTimes {
    Histogram latency;    /* from request to answer with evidence, in microseconds */
    Histogram quote;      /* of a hardware quote and the wait for the worker, in microseconds */
    Histogram batch_size; /* requests that shared a hardware quote */
} QuoterTimes;

/**
 * quoter_new:
 * @worker: borrowed, outlives the quoter
 * @batch_limit: requests that may share a quote, 1 to BATCH_LIMIT
 */
Quoter *quoter_new(TpmWorker *worker, GMainContext *context, guint batch_limit);

/** quoter_free: answers what waits with MANAGER_REASON_TPM_FAILED. */
void quoter_free(Quoter *quoter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Quoter, quoter_free)

/**
 * quoter_submit:
 * @binding, @pcrs: copied; @pcrs must be PCRs that the TPM has
 * @room: bytes that the evidence may have
 * @timeout_ms: after that MANAGER_REASON_TOO_LATE
 *
 * Returns: (transfer none): for quoter_cancel(), valid until @done is called; %NULL, and @done is
 * not called, where too many requests wait already.
 */
QuoteTicket *quoter_submit(Quoter *quoter, const Binding *binding, const WirePcrSelection *pcrs,
                           guint room, guint timeout_ms, QuoteDone done, void *data);

/** quoter_cancel: forgets the request; its QuoteDone is not called. */
void quoter_cancel(Quoter *quoter, QuoteTicket *ticket);

QuoterCounts quoter_counts(const Quoter *quoter);

/** quoter_times: borrowed, and changing as long as @quoter lives. */
const QuoterTimes *quoter_times(const Quoter *quoter);

/** quoter_tpm_error: why the last hardware quote failed, borrowed; %NULL: it did not fail. */
const char *quoter_tpm_error(const Quoter *quoter);

/** quoter_crowded: the next batch is full already, so one more request would delay others. */
gboolean quoter_crowded(const Quoter *quoter);

/** quoter_full: so much waits that quoter_submit() would take nothing more. */
gboolean quoter_full(const Quoter *quoter);

/** quoter_idle: nothing waits and nothing is in flight. */
gboolean quoter_idle(const Quoter *quoter);

/** quoter_reason_of_error: how a failure of the hardware TPM is told to a vTPM. */
ManagerReason quoter_reason_of_error(const GError *error);

#endif
