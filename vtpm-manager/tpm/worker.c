/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/worker.h"

#include "tpm/waits.h"

enum {
    PASSES = 8, /* quotes that go before a read that has waited for longer */
    RESTS = 7,  /* times as long as the last read took, before another one between quotes; at most
                   TPM_WAIT_REST_MAX_US */
};

typedef struct TpmJob {
    TpmJobKind kind;
    TpmJobRun run;
    TpmJobDone done;
    void *data;
} TpmJob;

typedef struct WorkerSource {
    GSource source;
    TpmWorker *worker;
} WorkerSource;

struct TpmWorker {
    GThread *thread;
    TpmSession *tpm;
    GMainContext *context;
    GMutex lock;                /* for the queues */
    GCond more;                 /* in @todo */
    GQueue todo[TPM_JOB_KINDS]; /* TpmJob; a quote without run ends the thread */
    guint passes;       /* quotes that went before the read that is next; thread only, as: */
    gboolean quoted;    /* since the last read */
    int64_t rest_until; /* no read before, where quotes come */
    GQueue finished;    /* TpmJob */
    GSource *source;    /* calls done for what is finished */
    guint pending;      /* main context only */
    uint64_t quotes;    /* done so far; main context only */
    gint abandon;       /* atomic: run no more jobs */
    gboolean ended;     /* the thread has closed the session; with the lock, and: */
    GCond over;         /* for it */
};

/*
 * Quotes go first; now and then a read does, lest it wait for ever. Between two quotes there is
 * often a moment in which none waits: a read that began in each of them would hold up the next one
 * each time. So reads have an eighth of the TPM's time while quotes come. With the lock held.
 */
static TpmJob *take_next(TpmWorker *worker)
{
    GQueue *quotes = &worker->todo[TPM_JOB_QUOTE];
    GQueue *reads = &worker->todo[TPM_JOB_READ];
    const gboolean waits = !g_queue_is_empty(reads);

    if (!g_queue_is_empty(quotes) && (!waits || worker->passes < PASSES)) {
        worker->passes += waits;
        worker->quoted = TRUE;
        return g_queue_pop_head(quotes);
    }
    if (waits && worker->quoted && worker->passes < PASSES &&
        g_get_monotonic_time() < worker->rest_until) {
        return NULL;
    }
    worker->passes = 0;
    worker->quoted = worker->quoted && !waits;
    return g_queue_pop_head(reads);
}

static TpmJob *wait_for_job(TpmWorker *worker)
{
    TpmJob *job;

    g_mutex_lock(&worker->lock);
    while (!(job = take_next(worker))) {
        if (g_queue_is_empty(&worker->todo[TPM_JOB_READ])) {
            g_cond_wait(&worker->more, &worker->lock);
        } else {
            g_cond_wait_until(&worker->more, &worker->lock, worker->rest_until);
        }
    }
    g_mutex_unlock(&worker->lock);
    return job;
}

static void run_job(TpmWorker *worker, const TpmJob *job)
{
    const int64_t start = g_get_monotonic_time();
    int64_t end;

    job->run(worker->tpm, job->data);
    end = g_get_monotonic_time();
    if (job->kind == TPM_JOB_READ) {
        worker->rest_until = end + MIN(RESTS * (end - start), (int64_t)TPM_WAIT_REST_MAX_US);
    }
}

static TpmJob *take_finished(TpmWorker *worker)
{
    TpmJob *job;

    g_mutex_lock(&worker->lock);
    job = g_queue_pop_head(&worker->finished);
    g_mutex_unlock(&worker->lock);
    return job;
}

static void put(TpmWorker *worker, GQueue *queue, TpmJob *job)
{
    g_mutex_lock(&worker->lock);
    g_queue_push_tail(queue, job);
    g_mutex_unlock(&worker->lock);
}

/* Wakes the thread with the lock free, so that it does not wait a second time for that. */
static void put_todo(TpmWorker *worker, TpmJob *job)
{
    put(worker, &worker->todo[job->kind], job);
    g_cond_signal(&worker->more);
}

static gpointer worker_thread(gpointer data)
{
    TpmWorker *worker = data;

    for (;;) {
        TpmJob *job = wait_for_job(worker);

        if (!job->run) {
            g_free(job);
            break;
        }
        if (!g_atomic_int_get(&worker->abandon)) {
            run_job(worker, job);
        }
        put(worker, &worker->finished, job);
        g_main_context_wakeup(worker->context);
    }
    tpm_session_free(worker->tpm);
    g_mutex_lock(&worker->lock);
    worker->ended = TRUE;
    g_cond_signal(&worker->over);
    g_mutex_unlock(&worker->lock);
    return NULL;
}

static gboolean finished_ready(TpmWorker *worker)
{
    gboolean ready;

    g_mutex_lock(&worker->lock);
    ready = !g_queue_is_empty(&worker->finished);
    g_mutex_unlock(&worker->lock);
    return ready;
}

static gboolean source_prepare(GSource *source, gint *timeout)
{
    *timeout = -1;
    return finished_ready(((WorkerSource *)source)->worker);
}

static gboolean source_check(GSource *source)
{
    return finished_ready(((WorkerSource *)source)->worker);
}

static gboolean source_dispatch(GSource *source, G_GNUC_UNUSED GSourceFunc callback,
                                G_GNUC_UNUSED gpointer data)
{
    TpmWorker *worker = ((WorkerSource *)source)->worker;
    TpmJob *job = take_finished(worker);

    if (job) {
        worker->pending--;
        worker->quotes += job->kind == TPM_JOB_QUOTE;
        job->done(job->data);
        g_free(job);
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
    .prepare = source_prepare,
    .check = source_check,
    .dispatch = source_dispatch,
};

TpmWorker *tpm_worker_new(TpmSession *tpm, GMainContext *context)
{
    TpmWorker *worker = g_new0(TpmWorker, 1);

    worker->tpm = tpm;
    worker->context = g_main_context_ref(context);
    g_mutex_init(&worker->lock);
    g_cond_init(&worker->more);
    g_cond_init(&worker->over);
    for (gsize i = 0; i < G_N_ELEMENTS(worker->todo); i++) {
        g_queue_init(&worker->todo[i]);
    }
    g_queue_init(&worker->finished);
    worker->source = g_source_new(&source_funcs, sizeof(WorkerSource));
    ((WorkerSource *)worker->source)->worker = worker;
    g_source_set_static_name(worker->source, "tpm-worker");
    g_source_set_can_recurse(worker->source, TRUE); /* nothing does; it saves wake-ups */
    g_source_attach(worker->source, context);
    worker->thread = g_thread_new("tpm", worker_thread, worker);
    return worker;
}

void tpm_worker_submit(TpmWorker *worker, TpmJobKind kind, TpmJobRun run, TpmJobDone done,
                       void *job)
{
    TpmJob *j = g_new0(TpmJob, 1);

    j->kind = kind;
    j->run = run;
    j->done = done;
    j->data = job;
    worker->pending++;
    put_todo(worker, j);
}

uint64_t tpm_worker_quotes(TpmWorker *worker)
{
    return worker->quotes;
}

guint tpm_worker_pending(TpmWorker *worker)
{
    return worker->pending;
}

gboolean tpm_worker_end(TpmWorker *worker, guint seconds)
{
    const int64_t until = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
    gboolean ended;

    g_atomic_int_set(&worker->abandon, 1);
    put_todo(worker, g_new0(TpmJob, 1));
    g_mutex_lock(&worker->lock);
    while (!worker->ended && g_cond_wait_until(&worker->over, &worker->lock, until)) {
    }
    ended = worker->ended;
    g_mutex_unlock(&worker->lock);
    return ended;
}

void tpm_worker_free(TpmWorker *worker)
{
    if (!worker) {
        return;
    }
    g_thread_join(worker->thread);
    g_source_destroy(worker->source);
    g_source_unref(worker->source);
    for (gsize i = 0; i < G_N_ELEMENTS(worker->todo); i++) {
        g_queue_clear_full(&worker->todo[i], g_free);
    }
    g_queue_clear_full(&worker->finished, g_free);
    g_mutex_clear(&worker->lock);
    g_cond_clear(&worker->more);
    g_cond_clear(&worker->over);
    g_main_context_unref(worker->context);
    g_free(worker);
}
