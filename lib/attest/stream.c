/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many deep quotes, one after the other or in several threads. */
#include "attest/deepquote.h"

#define QUEUE_PER_THREAD 64 /* deep quotes that may wait for each thread */

typedef struct Item {
    DqQuote quote;
    gpointer tag;
} Item;

struct DqStream {
    DqVerifier *verifier;
    DqVerdictFunc func;
    gpointer data;
    GThreadPool *pool; /* NULL: in the thread that pushes */
    GMutex lock;       /* held while @func runs */
    GCond room;
    guint waiting; /* pushed, without a verdict yet */
    guint waiting_max;
};

static void deliver(DqStream *s, const Item *item)
{
    DqVerdict *verdict = dq_verifier_check(s->verifier, &item->quote);

    g_mutex_lock(&s->lock);
    s->func(item->tag, verdict, s->data);
    s->waiting--;
    g_cond_signal(&s->room);
    g_mutex_unlock(&s->lock);
}

static void work(gpointer item, gpointer stream)
{
    deliver(stream, item);
    g_free(item);
}

DqStream *dq_stream_new(DqVerifier *verifier, guint threads, DqVerdictFunc func, gpointer data)
{
    DqStream *s = g_new0(DqStream, 1);

    s->verifier = verifier;
    s->func = func;
    s->data = data;
    s->waiting_max = threads * QUEUE_PER_THREAD;
    g_mutex_init(&s->lock);
    g_cond_init(&s->room);
    if (threads > 0) {
        s->pool = g_thread_pool_new(work, s, (gint)threads, FALSE, NULL);
    }
    return s;
}

void dq_stream_push(DqStream *stream, const DqQuote *quote, gpointer tag)
{
    const Item item = { *quote, tag };

    g_mutex_lock(&stream->lock);
    while (stream->pool != NULL && stream->waiting >= stream->waiting_max) {
        g_cond_wait(&stream->room, &stream->lock);
    }
    stream->waiting++;
    g_mutex_unlock(&stream->lock);
    if (stream->pool == NULL) {
        deliver(stream, &item);
    } else {
        /* Where no thread can be started the item stays queued for those that run. */
        g_thread_pool_push(stream->pool, g_memdup2(&item, sizeof(item)), NULL);
    }
}

void dq_stream_finish(DqStream *stream)
{
    if (stream == NULL) {
        return;
    }
    if (stream->pool != NULL) {
        g_thread_pool_free(stream->pool, FALSE, TRUE);
    }
    g_mutex_clear(&stream->lock);
    g_cond_clear(&stream->room);
    g_free(stream);
}
