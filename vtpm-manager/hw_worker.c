/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw_worker.h"

typedef struct HwJob {
    HwJobRun run;
    HwJobDone done;
    void *data;
} HwJob;

typedef struct WorkerSource {
    GSource source;
    HwWorker *worker;
} WorkerSource;

struct HwWorker {
    GThread *thread;
    HwTpm *tpm;
    GMainContext *context;
    GAsyncQueue *todo;     /* HwJob; one without run ends the thread */
    GAsyncQueue *finished; /* HwJob */
    GSource *source;       /* calls done for what is finished */
    guint pending;         /* main context only */
    gint abandon;          /* atomic: run no more jobs */
};

static gpointer worker_thread(gpointer data)
{
    HwWorker *worker = data;

    for (;;) {
        HwJob *job = g_async_queue_pop(worker->todo);

        if (!job->run) {
            g_free(job);
            break;
        }
        if (!g_atomic_int_get(&worker->abandon)) {
            job->run(worker->tpm, job->data);
        }
        g_async_queue_push(worker->finished, job);
        g_main_context_wakeup(worker->context);
    }
    hw_tpm_free(worker->tpm);
    return NULL;
}

static gboolean finished_ready(HwWorker *worker)
{
    return g_async_queue_length(worker->finished) > 0;
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
    HwWorker *worker = ((WorkerSource *)source)->worker;
    HwJob *job = g_async_queue_try_pop(worker->finished);

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

HwWorker *hw_worker_new(HwTpm *tpm, GMainContext *context)
{
    HwWorker *worker = g_new0(HwWorker, 1);

    worker->tpm = tpm;
    worker->context = g_main_context_ref(context);
    worker->todo = g_async_queue_new();
    worker->finished = g_async_queue_new();
    worker->source = g_source_new(&source_funcs, sizeof(WorkerSource));
    ((WorkerSource *)worker->source)->worker = worker;
    g_source_set_static_name(worker->source, "hw-worker");
    g_source_attach(worker->source, context);
    worker->thread = g_thread_new("hw-tpm", worker_thread, worker);
    return worker;
}

void hw_worker_submit(HwWorker *worker, HwJobRun run, HwJobDone done, void *job)
{
    HwJob *j = g_new0(HwJob, 1);

    j->run = run;
    j->done = done;
    j->data = job;
    worker->pending++;
    g_async_queue_push(worker->todo, j);
}

guint hw_worker_pending(HwWorker *worker)
{
    return worker->pending;
}

static void free_jobs(GAsyncQueue *queue)
{
    HwJob *job;

    while ((job = g_async_queue_try_pop(queue))) {
        g_free(job);
    }
    g_async_queue_unref(queue);
}

void hw_worker_free(HwWorker *worker)
{
    if (!worker) {
        return;
    }
    g_atomic_int_set(&worker->abandon, 1);
    g_async_queue_push(worker->todo, g_new0(HwJob, 1));
    g_thread_join(worker->thread);
    g_source_destroy(worker->source);
    g_source_unref(worker->source);
    free_jobs(worker->todo);
    free_jobs(worker->finished);
    g_main_context_unref(worker->context);
    g_free(worker);
}
