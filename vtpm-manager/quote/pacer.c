/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote/pacer.h"

enum {
    LINGER_MAX_US = 20000, /* with nothing to do, nor longer than this share of a quote: */
    LINGER_SHARE = 16,
    READING_MAX_US = 40000, /* more, for reading what has arrived by then */
    SOON_US = 10000,        /* after the last answer: who asks by then has come back */
    RETURN_SHARE = 8,       /* of those answered: so many soon back are worth waiting for */
};

typedef enum State {
    IDLE,      /* nothing waits */
    LINGERING, /* for those who are being answered, and are likely to ask again */
    BUSY,      /* a batch is with the TPM */
    STATES,
} State;

typedef enum Event {
    ENOUGH,       /* as many wait as are waited for */
    TIME_UP,      /* of lingering */
    DONE,         /* the TPM is done with a batch */
    DONE_RETURNS, /* the same, and requesters are likely to be back at once */
    ANSWERED,     /* all of it has been answered */
    EVENTS,
} Event;

typedef State (*Action)(Pacer *pacer);

struct Pacer {
    GMainContext *context;
    guint limit;
    PacerStart start;
    void *data;
    State state;
    guint waiting;     /* requests, at the last call */
    guint enough;      /* requests that end lingering; otherwise 1 */
    GSource *timer[2]; /* only where LINGERING: see wait_a_little() */
    int64_t quote_us;  /* of the last batch */
    guint size;        /* of the last batch that was shared */
    guint returned;    /* requests that came soon after it */
    int64_t soon;      /* until when that is */
};

static void stop_timers(Pacer *pacer)
{
    for (gsize i = 0; i < G_N_ELEMENTS(pacer->timer); i++) {
        if (pacer->timer[i]) {
            g_source_destroy(pacer->timer[i]);
            g_clear_pointer(&pacer->timer[i], g_source_unref);
        }
    }
}

static State start(Pacer *pacer)
{
    stop_timers(pacer);
    pacer->enough = 1;
    return pacer->start(pacer->data) ? BUSY : IDLE;
}

static void handle(Pacer *pacer, Event event);

static gboolean time_up(gpointer data)
{
    handle(data, TIME_UP);
    return G_SOURCE_REMOVE;
}

static GSource *set_timer(Pacer *pacer, int64_t us, int priority)
{
    GSource *source = g_timeout_source_new(0);

    g_source_set_ready_time(source, g_get_monotonic_time() + us);
    g_source_set_priority(source, priority);
    g_source_set_callback(source, time_up, pacer, NULL);
    g_source_attach(source, pacer->context);
    return source;
}

/*
 * Answering and reading go on while this lasts. It is worth waiting until all have been answered:
 * those who are back by then need one quote each time, not two.
 */
static State linger(Pacer *pacer)
{
    pacer->enough = MIN(pacer->size + pacer->waiting, pacer->limit);
    return pacer->waiting >= pacer->enough ? start(pacer) : LINGERING;
}

/*
 * What has arrived when the time is up is read first: the one timer waits until nothing else is to
 * do, the other sees to it that a busy socket cannot hold this up.
 */
static State wait_a_little(Pacer *pacer)
{
    int64_t us = MIN(LINGER_MAX_US, pacer->quote_us / LINGER_SHARE);

    pacer->timer[0] = set_timer(pacer, us, G_PRIORITY_LOW);
    pacer->timer[1] = set_timer(pacer, us + READING_MAX_US, G_PRIORITY_DEFAULT);
    return LINGERING;
}

/* What happens in each state; what is not in the table changes nothing. */
static const Action actions[STATES][EVENTS] = {
    [IDLE] = { [ENOUGH] = start },
    [LINGERING] = { [ENOUGH] = start, [TIME_UP] = start, [ANSWERED] = wait_a_little },
    [BUSY] = { [DONE] = start, [DONE_RETURNS] = linger },
};

static void handle(Pacer *pacer, Event event)
{
    Action action = actions[pacer->state][event];

    if (action) {
        pacer->state = action(pacer);
    }
}

Pacer *pacer_new(GMainContext *context, guint limit, PacerStart start_batch, void *data)
{
    Pacer *pacer = g_new0(Pacer, 1);

    pacer->context = g_main_context_ref(context);
    pacer->limit = limit;
    pacer->start = start_batch;
    pacer->data = data;
    pacer->enough = 1;
    return pacer;
}

void pacer_free(Pacer *pacer)
{
    if (!pacer) {
        return;
    }
    stop_timers(pacer);
    g_main_context_unref(pacer->context);
    g_free(pacer);
}

void pacer_arrived(Pacer *pacer, guint waiting)
{
    pacer->waiting = waiting;
    pacer->returned += pacer->soon && g_get_monotonic_time() < pacer->soon;
    if (waiting >= pacer->enough) {
        handle(pacer, ENOUGH);
    }
}

void pacer_done(Pacer *pacer, guint size, int64_t quote_us, guint waiting)
{
    gboolean returns = pacer->returned >= 1 + pacer->size / RETURN_SHARE;

    pacer->waiting = waiting;
    pacer->quote_us = quote_us;
    pacer->soon = 0;
    if (size > 1) {
        pacer->size = size;
        pacer->returned = 0;
        pacer->soon = G_MAXINT64;
    }
    handle(pacer, size > 1 && returns ? DONE_RETURNS : DONE);
}

void pacer_answered(Pacer *pacer)
{
    if (pacer->soon == G_MAXINT64) {
        pacer->soon = g_get_monotonic_time() + SOON_US;
    }
    handle(pacer, ANSWERED);
}
