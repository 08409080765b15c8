/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many deep quotes, one after the other or in several threads. The threads are the stream's own
 * and are joined at its end: what OpenSSL keeps for a thread goes with them.
 */
#include "attest/deepquote.h"

#define QUEUE_PER_THREAD 64 /* deep quotes that may wait for each thread */

typedef struct Item {
    DqQuote quote;
    DqExpected expected;
    gpointer tag;
} Item;

struct DqStream {
    DqVerifier *verifier;
    DqVerdictFunc func;
    gpointer data;
    GMutex lock; /* of what follows */
    GCond changed;
    GQueue queue; /* Item */
    gboolean ending;
    GMutex delivery; /* held while @func runs */
    guint count;     /* of threads; 0: in the thread that pushes */
    GThread *threads[];
};

static void verify(DqStream *s, const Item *item)
{
    g_autoptr(GError) error = NULL;
    DqVerdict *verdict = dq_verifier_check(s->verifier, &item->quote, &item->expected, &error);

    g_mutex_lock(&s->delivery);
    s->func(item->tag, verdict, error, s->data);
    g_mutex_unlock(&s->delivery);
}

/* Waits for the next item; NULL when there will be none. */
static Item *take(DqStream *s)
{
    Item *item;

    g_mutex_lock(&s->lock);
    while (g_queue_is_empty(&s->queue) && !s->ending) {
        g_cond_wait(&s->changed, &s->lock);
    }
    item = g_queue_pop_head(&s->queue);
    g_cond_broadcast(&s->changed);
    g_mutex_unlock(&s->lock);
    return item;
}

static gpointer work(gpointer stream)
{
    Item *item;

    while ((item = take(stream))) {
        verify(stream, item);
        g_free(item);
    }
    return NULL;
}

DqStream *dq_stream_new(DqVerifier *verifier, guint threads, DqVerdictFunc func, gpointer data)
{
    DqStream *s = g_malloc0(sizeof(DqStream) + threads * sizeof(GThread *));

    s->verifier = verifier;
    s->func = func;
    s->data = data;
    g_mutex_init(&s->lock);
    g_mutex_init(&s->delivery);
    g_cond_init(&s->changed);
    g_queue_init(&s->queue);
    while (s->count < threads) { /* as many as the system allows */
        s->threads[s->count] = g_thread_try_new("deepquote", work, s, NULL);
        if (!s->threads[s->count]) {
            break;
        }
        s->count++;
    }
    return s;
}

void dq_stream_push(DqStream *stream, const DqQuote *quote, const DqExpected *expected,
                    gpointer tag)
{
    const Item item = { *quote, *expected, tag };

    if (stream->count == 0) {
        verify(stream, &item);
        return;
    }
    g_mutex_lock(&stream->lock);
    while (g_queue_get_length(&stream->queue) >= stream->count * QUEUE_PER_THREAD) {
        g_cond_wait(&stream->changed, &stream->lock);
    }
    g_queue_push_tail(&stream->queue, g_memdup2(&item, sizeof(item)));
    g_cond_broadcast(&stream->changed);
    g_mutex_unlock(&stream->lock);
}

void dq_stream_finish(DqStream *stream)
{
    if (!stream) {
        return;
    }
    g_mutex_lock(&stream->lock);
    stream->ending = TRUE;
    g_cond_broadcast(&stream->changed);
    g_mutex_unlock(&stream->lock);
    for (guint i = 0; i < stream->count; i++) {
        g_thread_join(stream->threads[i]);
    }
    g_mutex_clear(&stream->lock);
    g_mutex_clear(&stream->delivery);
    g_cond_clear(&stream->changed);
    g_free(stream);
}
