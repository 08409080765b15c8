/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/worker.h"

enum { PASSES = 8 }; /* quotes that go before a read that has waited for longer */

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
    guint passes;               /* quotes that went before the read that is next; thread only */
    GQueue finished;            /* TpmJob */
    GSource *source;            /* calls done for what is finished */
    guint pending;              /* main context only */
    uint64_t quotes;            /* done so far; main context only */
    gint abandon;               /* atomic: run no more jobs */
};

/* Quotes go first; now and then a read does, lest it wait for ever. With the lock held. */
static TpmJob *take_next(TpmWorker *worker)
{
    GQueue *quotes = &worker->todo[TPM_JOB_QUOTE];
    GQueue *reads = &worker->todo[TPM_JOB_READ];
    gboolean read =
        !g_queue_is_empty(reads) && (g_queue_is_empty(quotes) || worker->passes >= PASSES);

    worker->passes = read || g_queue_is_empty(reads) ? 0 : worker->passes + 1;
    return g_queue_pop_head(read ? reads : quotes);
}

static TpmJob *wait_for_job(TpmWorker *worker)
{
    TpmJob *job;

    g_mutex_lock(&worker->lock);
    while (!(job = take_next(worker))) {
        g_cond_wait(&worker->more, &worker->lock);
    }
    g_mutex_unlock(&worker->lock);
    return job;
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
            job->run(worker->tpm, job->data);
        }
        put(worker, &worker->finished, job);
        g_main_context_wakeup(worker->context);
    }
    tpm_session_free(worker->tpm);
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

void tpm_worker_free(TpmWorker *worker)
{
    if (!worker) {
        return;
    }
    g_atomic_int_set(&worker->abandon, 1);
    put_todo(worker, g_new0(TpmJob, 1));
    g_thread_join(worker->thread);
    g_source_destroy(worker->source);
    g_source_unref(worker->source);
    for (gsize i = 0; i < G_N_ELEMENTS(worker->todo); i++) {
        g_queue_clear_full(&worker->todo[i], g_free);
    }
    g_queue_clear_full(&worker->finished, g_free);
    g_mutex_clear(&worker->lock);
    g_cond_clear(&worker->more);
    g_main_context_unref(worker->context);
    g_free(worker);
}
