/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/worker.h"

typedef struct TpmJob {
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
    GMutex lock;     /* for the two queues */
    GCond more;      /* in @todo */
    GQueue todo;     /* TpmJob; one without run ends the thread */
    GQueue finished; /* TpmJob */
    GSource *source; /* calls done for what is finished */
    guint pending;   /* main context only */
    gint abandon;    /* atomic: run no more jobs */
};

static TpmJob *take(TpmWorker *worker, GQueue *queue, gboolean wait)
{
    TpmJob *job;

    g_mutex_lock(&worker->lock);
    while (wait && g_queue_is_empty(queue)) {
        g_cond_wait(&worker->more, &worker->lock);
    }
    job = g_queue_pop_head(queue);
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
    put(worker, &worker->todo, job);
    g_cond_signal(&worker->more);
}

static gpointer worker_thread(gpointer data)
{
    TpmWorker *worker = data;

    for (;;) {
        TpmJob *job = take(worker, &worker->todo, TRUE);

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
    TpmJob *job = take(worker, &worker->finished, FALSE);

    if (job) {
        worker->pending--;
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
    g_queue_init(&worker->todo);
    g_queue_init(&worker->finished);
    worker->source = g_source_new(&source_funcs, sizeof(WorkerSource));
    ((WorkerSource *)worker->source)->worker = worker;
    g_source_set_static_name(worker->source, "tpm-worker");
    g_source_set_can_recurse(worker->source, TRUE); /* nothing does; it saves wake-ups */
    g_source_attach(worker->source, context);
    worker->thread = g_thread_new("tpm", worker_thread, worker);
    return worker;
}

void tpm_worker_submit(TpmWorker *worker, TpmJobRun run, TpmJobDone done, void *job)
{
    TpmJob *j = g_new0(TpmJob, 1);

    j->run = run;
    j->done = done;
    j->data = job;
    worker->pending++;
    put_todo(worker, j);
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
    g_queue_clear_full(&worker->todo, g_free);
    g_queue_clear_full(&worker->finished, g_free);
    g_mutex_clear(&worker->lock);
    g_cond_clear(&worker->more);
    g_main_context_unref(worker->context);
    g_free(worker);
}
