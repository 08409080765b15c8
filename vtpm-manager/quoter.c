/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quoter.h"

enum {
    QUEUE_LIMIT = 16384,  /* beyond it requesters are told to try again */
    LINGER_MAX_US = 5000, /* nor longer than this share of a quote: */
    LINGER_SHARE = 8,
    READING_MAX_US = 20000, /* more, for reading what has arrived when lingering ends */
    RETURN_SHARE = 8,       /* of those answered: so many soon back are worth lingering for */
};

struct QuoteTicket {
    Quoter *quoter;
    GList link; /* in the queue; its data is the ticket */
    gboolean queued;
    Binding binding;
    WirePcrSelection pcrs;
    guint room;
    guint index; /* leaf in its batch */
    GSource *deadline;
    gint64 since;   /* monotonic, in microseconds */
    QuoteDone done; /* NULL: nobody waits any more */
    void *data;
};

/* A batch on its way to the TPM and back. */
typedef struct BatchJob {
    Quoter *quoter;
    Batch *batch;
    GPtrArray *tickets; /* QuoteTicket, by leaf; NULL where it dropped out */
    gint64 since;
    HwQuote *quote;
    GError *error;
} BatchJob;

typedef enum QuoterState {
    IDLE,      /* nothing waits */
    LINGERING, /* for those who were just answered, and are likely to ask again */
    BUSY,      /* a batch is with the TPM */
    STATES,
} QuoterState;

typedef enum QuoterEvent {
    ENOUGH,       /* as many wait as are waited for */
    TIME_UP,      /* of lingering */
    DONE,         /* the batch is answered */
    DONE_RETURNS, /* the same, and requesters are likely to be back at once */
    EVENTS,
} QuoterEvent;

typedef QuoterState (*QuoterAction)(Quoter *quoter);

struct Quoter {
    HwWorker *worker;
    HwTpmInfo *info;
    GMainContext *context;
    guint batch_limit;
    QuoterState state;
    GQueue waiting;     /* of QuoteTicket, oldest first */
    guint enough;       /* requests in the queue that end lingering; otherwise 1 */
    BatchJob *job;      /* with the worker; only where BUSY */
    GSource *linger[2]; /* only where LINGERING: see start_lingering() */
    guint answered;     /* by the last batch that was shared */
    guint returned;     /* requests that came soon after it */
    gint64 soon;        /* until when that is */
    gint64 quote_us;    /* of the last batch */
    QuoterCounts counts;
    QuoterTimes times;
    char *tpm_error; /* of the last batch */
};

static void handle(Quoter *quoter, QuoterEvent event);

Quoter *quoter_new(HwWorker *worker, HwTpmInfo *info, GMainContext *context, guint batch_limit)
{
    Quoter *quoter = g_new0(Quoter, 1);

    g_assert(batch_limit >= 1 && batch_limit <= BATCH_LIMIT);
    quoter->batch_limit = batch_limit;
    quoter->enough = 1;
    quoter->worker = worker;
    quoter->info = hw_tpm_info_ref(info);
    quoter->context = g_main_context_ref(context);
    g_queue_init(&quoter->waiting);
    return quoter;
}

/* Takes the ticket out of wherever it is, and frees it. */
static void ticket_drop(QuoteTicket *ticket)
{
    Quoter *quoter = ticket->quoter;

    if (ticket->queued) {
        g_queue_unlink(&quoter->waiting, &ticket->link);
    } else if (quoter->job && ticket->index < quoter->job->tickets->len &&
               g_ptr_array_index(quoter->job->tickets, ticket->index) == ticket) {
        g_ptr_array_index(quoter->job->tickets, ticket->index) = NULL;
    }
    if (ticket->deadline) {
        g_source_destroy(ticket->deadline);
        g_source_unref(ticket->deadline);
    }
    g_free(ticket);
}

static void ticket_answer(QuoteTicket *ticket, ManagerStatus status, WireBytes evidence)
{
    Quoter *quoter = ticket->quoter;
    QuoterCounts *counts = &quoter->counts;
    QuoteDone done = ticket->done;
    void *data = ticket->data;

    if (status == MANAGER_OK) {
        counts->answered++;
        histogram_add(&quoter->times.latency, (guint64)(g_get_monotonic_time() - ticket->since));
    } else if (status == MANAGER_TIMEOUT) {
        counts->timed_out++;
    } else {
        counts->refused++;
    }
    ticket_drop(ticket);
    done(data, status, evidence);
}

static void stop_lingering(Quoter *quoter)
{
    for (gsize i = 0; i < G_N_ELEMENTS(quoter->linger); i++) {
        if (quoter->linger[i]) {
            g_source_destroy(quoter->linger[i]);
            g_clear_pointer(&quoter->linger[i], g_source_unref);
        }
    }
    quoter->enough = 1;
}

void quoter_free(Quoter *quoter)
{
    const WireBytes none = { 0 };

    if (!quoter) {
        return;
    }
    while (!g_queue_is_empty(&quoter->waiting)) {
        ticket_answer(g_queue_peek_head(&quoter->waiting), MANAGER_HOST_TPM, none);
    }
    if (quoter->job) {
        for (guint i = 0; i < quoter->job->tickets->len; i++) {
            if (g_ptr_array_index(quoter->job->tickets, i)) {
                ticket_answer(g_ptr_array_index(quoter->job->tickets, i), MANAGER_HOST_TPM, none);
            }
        }
        quoter->job->quoter = NULL;
    }
    stop_lingering(quoter);
    g_free(quoter->tpm_error);
    hw_tpm_info_unref(quoter->info);
    g_main_context_unref(quoter->context);
    g_free(quoter);
}

static gboolean deadline_passed(gpointer data)
{
    ticket_answer(data, MANAGER_TIMEOUT, (WireBytes){ 0 });
    return G_SOURCE_REMOVE;
}

ManagerStatus quoter_status_of_error(const GError *error)
{
    static const struct {
        HwTpmError code;
        ManagerStatus status;
    } table[] = {
        { HW_TPM_ERROR_BUSY, MANAGER_BUSY },
        { HW_TPM_ERROR_VALUE, MANAGER_BAD_VALUE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (g_error_matches(error, HW_TPM_ERROR, (gint)table[i].code)) {
            return table[i].status;
        }
    }
    return MANAGER_HOST_TPM;
}

/* On the worker's thread: nothing but the job's own fields. */
static void batch_run(HwTpm *tpm, void *data)
{
    BatchJob *job = data;

    batch_seal(job->batch);
    hw_tpm_quote(tpm, batch_qualifying_data(job->batch), batch_pcrs(job->batch), &job->quote,
                 &job->error);
}

static void answer_one(const BatchJob *job, HwTpmInfo *info, QuoteTicket *ticket)
{
    uint8_t buf[DEEPQUOTE_EVIDENCE_MAX];
    WireWriter w = WIRE_WRITER(buf, MIN(ticket->room, sizeof(buf)));
    gsize name_len;
    const uint8_t *name = g_bytes_get_data(info->ak_name, &name_len);

    if (!job->quote) {
        ticket_answer(ticket, quoter_status_of_error(job->error), (WireBytes){ 0 });
    } else if (batch_evidence(job->batch, ticket->index, (WireBytes){ name, name_len }, job->quote,
                              &w)) {
        ticket_answer(ticket, MANAGER_OK, wire_written(&w));
    } else {
        ticket_answer(ticket, MANAGER_TOO_LARGE, (WireBytes){ 0 });
    }
}

static void job_free(BatchJob *job)
{
    batch_free(job->batch);
    g_ptr_array_unref(job->tickets);
    hw_quote_free(job->quote);
    g_clear_error(&job->error);
    g_free(job);
}

static void note_quote(Quoter *quoter, const BatchJob *job)
{
    g_clear_pointer(&quoter->tpm_error, g_free);
    quoter->quote_us = g_get_monotonic_time() - job->since;
    if (job->quote) {
        quoter->counts.batches++;
        histogram_add(&quoter->times.quote, (guint64)quoter->quote_us);
        histogram_add(&quoter->times.batch_size, batch_size(job->batch));
    } else {
        quoter->tpm_error = g_strdup(job->error->message);
        g_warning("no quote for %u request(s): %s", batch_size(job->batch), job->error->message);
    }
}

/*
 * Whether lingering is worth it now: the batch was shared, and enough of those whom the one before
 * answered were soon back. Where nobody returns soon, nobody waits.
 */
static QuoterEvent how_done(Quoter *quoter, guint answered)
{
    gboolean returns = quoter->returned >= 1 + quoter->answered / RETURN_SHARE;

    if (answered < 2) {
        quoter->soon = 0;
        return DONE;
    }
    quoter->answered = answered;
    quoter->returned = 0;
    quoter->soon = g_get_monotonic_time() + LINGER_MAX_US;
    return returns ? DONE_RETURNS : DONE;
}

static void batch_done(void *data)
{
    BatchJob *job = data;
    Quoter *quoter = job->quoter;
    guint answered = job->tickets->len;

    if (!quoter) {
        job_free(job);
        return;
    }
    note_quote(quoter, job);
    /* A requester that goes away while others are answered takes its ticket out of the array. */
    for (guint i = 0; i < job->tickets->len; i++) {
        QuoteTicket *ticket = g_ptr_array_index(job->tickets, i);

        if (ticket) {
            answer_one(job, quoter->info, ticket);
        }
    }
    quoter->job = NULL;
    job_free(job);
    handle(quoter, how_done(quoter, answered));
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
            ticket->queued = FALSE;
            g_ptr_array_add(job->tickets, ticket);
        }
    }
}

/* -------------------------------------------------------------------------- states of the TPM */

static QuoterState start_batch(Quoter *quoter)
{
    BatchJob *job;

    stop_lingering(quoter);
    if (g_queue_is_empty(&quoter->waiting)) {
        return IDLE;
    }
    job = g_new0(BatchJob, 1);
    job->quoter = quoter;
    job->batch = batch_new();
    job->tickets = g_ptr_array_new();
    fill(quoter, job);
    g_assert(job->tickets->len > 0); /* quoter_submit() takes what fits an empty batch */
    quoter->job = job;
    job->since = g_get_monotonic_time();
    hw_worker_submit(quoter->worker, batch_run, batch_done, job);
    return BUSY;
}

static gboolean linger_over(gpointer data)
{
    handle(data, TIME_UP);
    return G_SOURCE_REMOVE;
}

static GSource *linger_source(Quoter *quoter, gint64 us, int priority)
{
    GSource *source = g_timeout_source_new(0);

    g_source_set_ready_time(source, g_get_monotonic_time() + us);
    g_source_set_priority(source, priority);
    g_source_set_callback(source, linger_over, quoter, NULL);
    g_source_attach(source, quoter->context);
    return source;
}

/*
 * Lingering ends by time, but what has arrived by then is read first: the one source waits until
 * nothing else is to do. The other sees to it that a busy socket cannot hold this up.
 */
static QuoterState start_lingering(Quoter *quoter)
{
    gint64 us = MIN(LINGER_MAX_US, quoter->quote_us / LINGER_SHARE);
    guint expected = quoter->answered + g_queue_get_length(&quoter->waiting);

    quoter->enough = MIN(expected, quoter->batch_limit);
    if (g_queue_get_length(&quoter->waiting) >= quoter->enough) {
        return start_batch(quoter);
    }
    quoter->linger[0] = linger_source(quoter, us, G_PRIORITY_LOW);
    quoter->linger[1] = linger_source(quoter, us + READING_MAX_US, G_PRIORITY_DEFAULT);
    return LINGERING;
}

/* What happens in each state; what is not in the table changes nothing. */
static const QuoterAction actions[STATES][EVENTS] = {
    [IDLE] = { [ENOUGH] = start_batch },
    [LINGERING] = { [ENOUGH] = start_batch, [TIME_UP] = start_batch },
    [BUSY] = { [DONE] = start_batch, [DONE_RETURNS] = start_lingering },
};

static void handle(Quoter *quoter, QuoterEvent event)
{
    QuoterAction action = actions[quoter->state][event];

    if (action) {
        quoter->state = action(quoter);
    }
}

static void arrived(Quoter *quoter, gint64 now)
{
    quoter->returned += now < quoter->soon;
    if (g_queue_get_length(&quoter->waiting) >= quoter->enough) {
        handle(quoter, ENOUGH);
    }
}

QuoteTicket *quoter_submit(Quoter *quoter, const Binding *binding, const WirePcrSelection *pcrs,
                           guint room, guint timeout_ms, QuoteDone done, void *data)
{
    QuoteTicket *ticket;

    g_return_val_if_fail(hw_pcr_merge(&(WirePcrSelection){ 0 }, pcrs, DEEPQUOTE_HOST_BANKS_MAX),
                         NULL);
    quoter->counts.requests++;
    if (g_queue_get_length(&quoter->waiting) >= QUEUE_LIMIT) {
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
    ticket->deadline = g_timeout_source_new(timeout_ms);
    g_source_set_callback(ticket->deadline, deadline_passed, ticket, NULL);
    g_source_attach(ticket->deadline, quoter->context);
    ticket->queued = TRUE;
    g_queue_push_tail_link(&quoter->waiting, &ticket->link);
    arrived(quoter, ticket->since);
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
    counts.in_flight = quoter->job ? quoter->job->tickets->len : 0;
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
    return !quoter->job && g_queue_is_empty((GQueue *)&quoter->waiting);
}
