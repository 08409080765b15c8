/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/deadlines.h"

struct Deadlines {
    GSequence *sorted; /* of Deadline, by time */
    GSource *timer;    /* fires at the first of them, or earlier */
    DeadlinePassed passed;
};

static int compare(gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
    int64_t left = ((const Deadline *)a)->until;
    int64_t right = ((const Deadline *)b)->until;

    return (left > right) - (left < right);
}

static Deadline *first(Deadlines *deadlines)
{
    GSequenceIter *begin = g_sequence_get_begin_iter(deadlines->sorted);

    return g_sequence_iter_is_end(begin) ? NULL : g_sequence_get(begin);
}

static gboolean timer_dispatch(GSource *source, G_GNUC_UNUSED GSourceFunc callback, gpointer data)
{
    Deadlines *deadlines = data;
    int64_t now = g_source_get_time(source);
    Deadline *next;

    for (next = first(deadlines); next && next->until <= now; next = first(deadlines)) {
        deadline_clear(next);
        deadlines->passed(next);
    }
    g_source_set_ready_time(source, next ? next->until : -1);
    return G_SOURCE_CONTINUE;
}

static gboolean callback_unused(G_GNUC_UNUSED gpointer data)
{
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { .dispatch = timer_dispatch };

Deadlines *deadlines_new(GMainContext *context, DeadlinePassed passed)
{
    Deadlines *deadlines = g_new0(Deadlines, 1);

    deadlines->sorted = g_sequence_new(NULL);
    deadlines->passed = passed;
    deadlines->timer = g_source_new(&timer_funcs, sizeof(GSource));
    g_source_set_callback(deadlines->timer, callback_unused, deadlines, NULL);
    g_source_set_static_name(deadlines->timer, "deadlines");
    g_source_attach(deadlines->timer, context);
    return deadlines;
}

void deadlines_free(Deadlines *deadlines)
{
    if (!deadlines) {
        return;
    }
    g_assert(g_sequence_is_empty(deadlines->sorted));
    g_source_destroy(deadlines->timer);
    g_source_unref(deadlines->timer);
    g_sequence_free(deadlines->sorted);
    g_free(deadlines);
}

/*
 * GLib wakes the loop from its own thread too where a time is set, so it is only ever set earlier
 * until it has come: a daemon that answers in time sets it once in a while, not at each request.
 */
static void fire_by(Deadlines *deadlines, int64_t until)
{
    int64_t fires = g_source_get_ready_time(deadlines->timer);

    if (fires < 0 || until < fires) {
        g_source_set_ready_time(deadlines->timer, until);
    }
}

void deadline_set(Deadlines *deadlines, Deadline *deadline, int64_t until)
{
    GSequenceIter *last = g_sequence_iter_prev(g_sequence_get_end_iter(deadlines->sorted));
    gboolean empty = g_sequence_iter_is_end(last);

    g_assert(!deadline->place);
    deadline->until = until;
    if (empty || ((Deadline *)g_sequence_get(last))->until <= until) {
        deadline->place = g_sequence_append(deadlines->sorted, deadline);
    } else {
        deadline->place = g_sequence_insert_sorted(deadlines->sorted, deadline, compare, NULL);
    }
    fire_by(deadlines, until);
}

void deadline_clear(Deadline *deadline)
{
    if (deadline->place) {
        g_sequence_remove(g_steal_pointer(&deadline->place));
    }
}
