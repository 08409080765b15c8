/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote/quoter.h"

#include "attest/bytes.h"
#include "daemon/deadlines.h"
#include "daemon/log_kind.h"
#include "quote/pacer.h"

enum {
    QUEUE_LIMIT = 16384,  /* requests beyond it are answered MANAGER_BUSY */
    ANSWERS_AT_ONCE = 32, /* then others have their turn */
};

static LogKind failures = LOG_KIND("quotes that failed");

typedef struct BatchJob BatchJob;

struct QuoteTicket {
    Deadline deadline; /* first */
    Quoter *quoter;
    GList link;    /* in the queue; its data is the ticket */
    BatchJob *job; /* that it is in; NULL: it is in the queue */
    Binding binding;
    WirePcrSelection pcrs;
    guint room;
    guint index;    /* leaf in its batch */
    int64_t since;  /* monotonic, in microseconds */
    QuoteDone done; /* NULL: nobody waits any more */
    void *data;
};

/* A batch on its way to the TPM and back. */
struct BatchJob {
    Quoter *quoter;
    GList link; /* among those that are answered; its data is the job */
    Batch *batch;
    GPtrArray *tickets; /* QuoteTicket, by leaf; NULL where it dropped out */
    guint next;         /* to be answered */
    int64_t since;
    TpmQuote *quote;
    GError *error;
};

struct Quoter {
    TpmWorker *worker;
    GMainContext *context;
    Deadlines *deadlines;
    Pacer *pacer;
    guint batch_limit;
    GQueue waiting;   /* of QuoteTicket, oldest first */
    BatchJob *job;    /* with the worker; NULL: none */
    GQueue answering; /* of BatchJob: the TPM is done with them */
    GSource *answers; /* answers some at a time; NULL: all are answered */
    QuoterCounts counts;
    QuoterTimes times;
    char *tpm_error; /* of the last batch */
};

static void deadline_passed(Deadline *deadline);
static gboolean start_batch(void *data);

Quoter *quoter_new(TpmWorker *worker, GMainContext *context, guint batch_limit)
{
    Quoter *quoter = g_new0(Quoter, 1);

    g_assert(batch_limit >= 1 && batch_limit <= BATCH_LIMIT);
    quoter->worker = worker;
    quoter->context = g_main_context_ref(context);
    quoter->deadlines = deadlines_new(context, deadline_passed);
    quoter->pacer = pacer_new(context, batch_limit, start_batch, quoter);
    quoter->batch_limit = batch_limit;
    g_queue_init(&quoter->waiting);
    g_queue_init(&quoter->answering);
    return quoter;
}

/* Takes the ticket out of wherever it is, and frees it. */
static void ticket_drop(QuoteTicket *ticket)
{
    if (ticket->job) {
        g_ptr_array_index(ticket->job->tickets, ticket->index) = NULL;
    } else {
        g_queue_unlink(&ticket->quoter->waiting, &ticket->link);
    }
    deadline_clear(&ticket->deadline);
    g_free(ticket);
}

static void ticket_answer(QuoteTicket *ticket, ManagerReason reason, WireBytes evidence)
{
    Quoter *quoter = ticket->quoter;
    QuoterCounts *counts = &quoter->counts;
    QuoteDone done = ticket->done;
    void *data = ticket->data;

    if (reason == MANAGER_REASON_NONE) {
        counts->answered++;
        histogram_add(&quoter->times.latency, (uint64_t)(g_get_monotonic_time() - ticket->since));
    } else if (reason == MANAGER_REASON_TOO_LATE) {
        counts->timed_out++;
    } else {
        counts->refused++;
    }
    ticket_drop(ticket);
    done(data, reason, evidence);
}

static void deadline_passed(Deadline *deadline)
{
    ticket_answer((QuoteTicket *)deadline, MANAGER_REASON_TOO_LATE, (WireBytes){ 0 });
}

ManagerReason quoter_reason_of_error(const GError *error)
{
    static const struct {
        TpmError code;
        ManagerReason reason;
    } table[] = {
        { TPM_ERROR_BUSY, MANAGER_REASON_TPM_BUSY },
        { TPM_ERROR_VALUE, MANAGER_REASON_NO_SUCH_PCR },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (g_error_matches(error, TPM_ERROR, (gint)table[i].code)) {
            return table[i].reason;
        }
    }
    return MANAGER_REASON_TPM_FAILED;
}

/* On the worker's thread: nothing but the job's own fields. */
static void batch_run(TpmSession *tpm, void *data)
{
    BatchJob *job = data;

    batch_seal(job->batch);
    tpm_quote(tpm, batch_qualifying_data(job->batch), batch_pcrs(job->batch), &job->quote,
              &job->error);
}

static void answer_one(const BatchJob *job, QuoteTicket *ticket)
{
    uint8_t buf[DEEPQUOTE_EVIDENCE_MAX];
    WireWriter w = WIRE_WRITER(buf, MIN(ticket->room, sizeof(buf)));

    if (!job->quote) {
        ticket_answer(ticket, quoter_reason_of_error(job->error), (WireBytes){ 0 });
    } else if (batch_evidence(job->batch, ticket->index, dq_wire(dq_bytes_peek(job->quote->signer)),
                              job->quote, &w)) {
        ticket_answer(ticket, MANAGER_REASON_NONE, wire_written(&w));
    } else {
        ticket_answer(ticket, MANAGER_REASON_TOO_LARGE, (WireBytes){ 0 });
    }
}

static void job_free(BatchJob *job)
{
    batch_free(job->batch);
    g_ptr_array_unref(job->tickets);
    tpm_quote_free(job->quote);
    g_clear_error(&job->error);
    g_free(job);
}

/* Answers the next @n of a job that the TPM is done with. Returns: whether that was the last. */
static gboolean answer_some(BatchJob *job, guint n)
{
    guint end = MIN(job->next + MIN(n, job->tickets->len), job->tickets->len);

    /* A requester that goes away while others are answered takes its ticket out of the array. */
    for (; job->next < end; job->next++) {
        QuoteTicket *ticket = g_ptr_array_index(job->tickets, job->next);

        if (ticket) {
            answer_one(job, ticket);
        }
    }
    return end == job->tickets->len;
}

static void answer_next(Quoter *quoter)
{
    BatchJob *job = g_queue_peek_head(&quoter->answering);

    if (answer_some(job, ANSWERS_AT_ONCE)) {
        g_queue_unlink(&quoter->answering, &job->link);
        job_free(job);
    }
}

static gboolean answer_dispatch(gpointer data)
{
    Quoter *quoter = data;

    answer_next(quoter);
    if (!g_queue_is_empty(&quoter->answering)) {
        return G_SOURCE_CONTINUE;
    }
    g_clear_pointer(&quoter->answers, g_source_unref);
    pacer_answered(quoter->pacer);
    return G_SOURCE_REMOVE;
}

static void start_answering(Quoter *quoter)
{
    if (!quoter->answers) {
        quoter->answers = g_idle_source_new();
        g_source_set_priority(quoter->answers, G_PRIORITY_DEFAULT);
        g_source_set_callback(quoter->answers, answer_dispatch, quoter, NULL);
        g_source_attach(quoter->answers, quoter->context);
    }
}

static void note_quote(Quoter *quoter, const BatchJob *job, int64_t us)
{
    g_clear_pointer(&quoter->tpm_error, g_free);
    if (job->quote) {
        quoter->counts.batches++;
        histogram_add(&quoter->times.quote, (uint64_t)us);
        histogram_add(&quoter->times.batch_size, batch_size(job->batch));
    } else {
        quoter->tpm_error = g_strdup(job->error->message);
        log_kind_warn(&failures, "no quote for %u request(s): %s", batch_size(job->batch),
                      job->error->message);
    }
}

static void batch_done(void *data)
{
    BatchJob *job = data;
    Quoter *quoter = job->quoter;
    int64_t us = g_get_monotonic_time() - job->since;
    guint size = job->tickets->len;

    if (!quoter) {
        job_free(job);
        return;
    }
    quoter->job = NULL;
    note_quote(quoter, job, us);
    g_queue_push_tail_link(&quoter->answering, &job->link);
    answer_next(quoter);
    pacer_done(quoter->pacer, size, us, g_queue_get_length(&quoter->waiting));
    if (g_queue_is_empty(&quoter->answering)) {
        pacer_answered(quoter->pacer);
    } else {
        start_answering(quoter);
    }
}

void quoter_free(Quoter *quoter)
{
    const WireBytes none = { 0 };
    BatchJob *job;

    if (!quoter) {
        return;
    }
    pacer_free(quoter->pacer);
    while (!g_queue_is_empty(&quoter->waiting)) {
        ticket_answer(g_queue_peek_head(&quoter->waiting), MANAGER_REASON_TPM_FAILED, none);
    }
    while ((job = g_queue_peek_head(&quoter->answering))) {
        answer_some(job, G_MAXUINT);
        g_queue_unlink(&quoter->answering, &job->link);
        job_free(job);
    }
    if (quoter->job) {
        GPtrArray *tickets = quoter->job->tickets;

        for (guint i = 0; i < tickets->len; i++) {
            if (g_ptr_array_index(tickets, i)) {
                ticket_answer(g_ptr_array_index(tickets, i), MANAGER_REASON_TPM_FAILED, none);
            }
        }
        quoter->job->quoter = NULL;
    }
    if (quoter->answers) {
        g_source_destroy(quoter->answers);
        g_source_unref(quoter->answers);
    }
    deadlines_free(quoter->deadlines);
    g_free(quoter->tpm_error);
    g_main_context_unref(quoter->context);
    g_free(quoter);
}

/* Moves waiting requests into @job, oldest first; who cannot share with those is passed over. */
static void fill(Quoter *quoter, BatchJob *job)
{
    GList *next = quoter->waiting.head;

    while (next && batch_size(job->batch) < quoter->batch_limit) {
        QuoteTicket *ticket = next->data;

        next = next->next;
        if (batch_add(job->batch, &ticket->binding, &ticket->pcrs, ticket->room, &ticket->index)) {
            g_queue_unlink(&quoter->waiting, &ticket->link);
            ticket->job = job;
            g_ptr_array_add(job->tickets, ticket);
        }
    }
}

/* A PacerStart */
static gboolean start_batch(void *data)
{
    Quoter *quoter = data;
    BatchJob *job;

    if (g_queue_is_empty(&quoter->waiting)) {
        return FALSE;
    }
    job = g_new0(BatchJob, 1);
    job->quoter = quoter;
    job->link.data = job;
    job->batch = batch_new();
    job->tickets = g_ptr_array_new();
    fill(quoter, job);
    g_assert(job->tickets->len > 0); /* quoter_submit() takes what fits an empty batch */
    quoter->job = job;
    job->since = g_get_monotonic_time();
    tpm_worker_submit(quoter->worker, TPM_JOB_QUOTE, batch_run, batch_done, job);
    return TRUE;
}

gboolean quoter_full(const Quoter *quoter)
{
    return g_queue_get_length((GQueue *)&quoter->waiting) >= QUEUE_LIMIT;
}

QuoteTicket *quoter_submit(Quoter *quoter, const Binding *binding, const WirePcrSelection *pcrs,
                           guint room, guint timeout_ms, QuoteDone done, void *data)
{
    QuoteTicket *ticket;

    g_return_val_if_fail(batch_can_quote(pcrs), NULL);
    quoter->counts.requests++;
    if (quoter_full(quoter)) {
        quoter->counts.refused++;
        return NULL;
    }
    ticket = g_new0(QuoteTicket, 1);
    ticket->quoter = quoter;
    ticket->link.data = ticket;
    ticket->binding = *binding;
    ticket->pcrs = *pcrs;
    ticket->room = room;
    ticket->done = done;
    ticket->data = data;
    ticket->since = g_get_monotonic_time();
    deadline_set(quoter->deadlines, &ticket->deadline, ticket->since + (int64_t)timeout_ms * 1000);
    g_queue_push_tail_link(&quoter->waiting, &ticket->link);
    pacer_arrived(quoter->pacer, g_queue_get_length(&quoter->waiting));
    return ticket;
}

void quoter_cancel(Quoter *quoter, QuoteTicket *ticket)
{
    quoter->counts.cancelled++;
    ticket_drop(ticket);
}

QuoterCounts quoter_counts(const Quoter *quoter)
{
    QuoterCounts counts = quoter->counts;

    counts.queued = g_queue_get_length((GQueue *)&quoter->waiting);
    counts.in_flight = quoter->job ? batch_size(quoter->job->batch) : 0;
    return counts;
}

const QuoterTimes *quoter_times(const Quoter *quoter)
{
    return &quoter->times;
}

const char *quoter_tpm_error(const Quoter *quoter)
{
    return quoter->tpm_error;
}

gboolean quoter_crowded(const Quoter *quoter)
{
    return g_queue_get_length((GQueue *)&quoter->waiting) >= quoter->batch_limit;
}

gboolean quoter_idle(const Quoter *quoter)
{
    return !quoter->job && !quoter->answers && g_queue_is_empty((GQueue *)&quoter->waiting);
}
