/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the TPM starts its next batch. */
#include "quote/pacer.h"

enum { SLOW_US = 200000, LIMIT = 8 };

/* A TPM that takes all that waits, up to the limit. */
typedef struct Tpm {
    GMainContext *context;
    Pacer *pacer;
    guint waiting;
    guint taken; /* by the running batch */
    guint starts;
    guint asked; /* whether there is something to start */
} Tpm;

static gboolean start(void *data)
{
    Tpm *tpm = data;

    tpm->asked++;
    tpm->taken = MIN(tpm->waiting, LIMIT);
    tpm->waiting -= tpm->taken;
    tpm->starts += tpm->taken > 0;
    return tpm->taken > 0;
}

static void arrive(Tpm *tpm, guint n)
{
    while (n-- > 0) {
        pacer_arrived(tpm->pacer, ++tpm->waiting);
    }
}

static void done(Tpm *tpm)
{
    pacer_done(tpm->pacer, tpm->taken, SLOW_US, tpm->waiting);
}

/* A batch of one, one of @n, whose requesters come back, and the end of a second one of @n. */
static void reach_lingering(Tpm *tpm, guint n)
{
    arrive(tpm, 1);
    arrive(tpm, n);
    done(tpm);
    done(tpm);
    arrive(tpm, n); /* the first of them alone, as the TPM is idle */
    pacer_answered(tpm->pacer);
    g_assert_cmpuint(tpm->taken, ==, 1);
    done(tpm);
    g_assert_cmpuint(tpm->taken, ==, n - 1);
    tpm->starts = 0;
    done(tpm);
    g_assert_cmpuint(tpm->starts, ==, 0);
}

static void with_tpm(void (*test)(Tpm *tpm))
{
    Tpm tpm = { .context = g_main_context_new() };

    tpm.pacer = pacer_new(tpm.context, LIMIT, start, &tpm);
    test(&tpm);
    pacer_free(tpm.pacer);
    g_main_context_unref(tpm.context);
}

static void idle_starts_at_once(Tpm *tpm)
{
    arrive(tpm, 1);
    g_assert_cmpuint(tpm->starts, ==, 1);
    arrive(tpm, 3);
    g_assert_cmpuint(tpm->starts, ==, 1);
    done(tpm);
    g_assert_cmpuint(tpm->starts, ==, 2);
    g_assert_cmpuint(tpm->taken, ==, 3);
}

static void idle_again(Tpm *tpm)
{
    for (guint i = 1; i < 5; i++) {
        arrive(tpm, 1);
        g_assert_cmpuint(tpm->starts, ==, i);
        done(tpm);
        pacer_answered(tpm->pacer);
        g_assert_cmpuint(tpm->starts, ==, i);
    }
}

/* However often it asks: one that is alone never waits. */
static void alone_never_lingers(Tpm *tpm)
{
    reach_lingering(tpm, 4);
    arrive(tpm, 3);
    g_assert_cmpuint(tpm->starts, ==, 1);
    tpm->taken = 1;
    for (guint i = 2; i < 20; i++) {
        done(tpm);
        pacer_answered(tpm->pacer);
        arrive(tpm, 1);
        g_assert_cmpuint(tpm->starts, ==, i);
    }
}

static void enough_ends_it(Tpm *tpm)
{
    reach_lingering(tpm, 6);
    arrive(tpm, 4);
    g_assert_cmpuint(tpm->starts, ==, 0);
    arrive(tpm, 1);
    g_assert_cmpuint(tpm->starts, ==, 1);
    g_assert_cmpuint(tpm->taken, ==, 5);
}

static void limit_is_enough(Tpm *tpm)
{
    reach_lingering(tpm, LIMIT);
    arrive(tpm, LIMIT - 1); /* what the last batch had */
    g_assert_cmpuint(tpm->starts, ==, 1);
    arrive(tpm, 3 * LIMIT);
    done(tpm);
    g_assert_cmpuint(tpm->starts, ==, 2);
    g_assert_cmpuint(tpm->taken, ==, LIMIT);
}

/* Whoever comes meanwhile does not make it longer. */
static void time_ends_it(Tpm *tpm)
{
    int64_t begin = g_get_monotonic_time();

    reach_lingering(tpm, 6);
    pacer_answered(tpm->pacer);
    while (tpm->starts == 0 && g_get_monotonic_time() < begin + 10 * G_USEC_PER_SEC) {
        if (tpm->waiting < 4) {
            arrive(tpm, 1);
        }
        g_main_context_iteration(tpm->context, FALSE);
    }
    g_assert_cmpuint(tpm->starts, ==, 1);
    g_assert_cmpint(g_get_monotonic_time() - begin, >=, SLOW_US / 16);
}

static void time_ends_it_for_nobody(Tpm *tpm)
{
    reach_lingering(tpm, 6);
    pacer_answered(tpm->pacer);
    for (tpm->asked = 0; tpm->asked == 0;) {
        g_main_context_iteration(tpm->context, TRUE);
    }
    g_assert_cmpuint(tpm->starts, ==, 0);
    arrive(tpm, 1);
    g_assert_cmpuint(tpm->starts, ==, 1);
}

static gboolean busy(G_GNUC_UNUSED gpointer data)
{
    return G_SOURCE_CONTINUE;
}

static void busy_sockets_do_not_prolong(Tpm *tpm)
{
    GSource *source = g_idle_source_new();
    int64_t begin = g_get_monotonic_time();

    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, busy, NULL, NULL);
    g_source_attach(source, tpm->context);
    reach_lingering(tpm, 6);
    pacer_answered(tpm->pacer);
    arrive(tpm, 2);
    while (tpm->starts == 0 && g_get_monotonic_time() < begin + 10 * G_USEC_PER_SEC) {
        g_main_context_iteration(tpm->context, FALSE);
    }
    g_assert_cmpuint(tpm->starts, ==, 1);
    g_source_destroy(source);
    g_source_unref(source);
}

/* Where answers are not followed by requests, the next shared batch starts without waiting. */
static void who_does_not_return_is_not_waited_for(Tpm *tpm)
{
    reach_lingering(tpm, 6);
    arrive(tpm, 5);
    g_assert_cmpuint(tpm->taken, ==, 5);
    done(tpm); /* five were answered and five came: lingers */
    pacer_answered(tpm->pacer);
    for (tpm->asked = 0; tpm->asked == 0;) {
        g_main_context_iteration(tpm->context, TRUE);
    }
    arrive(tpm, 1); /* an idle TPM, and the window is over */
    arrive(tpm, 3);
    tpm->starts = 0;
    done(tpm);
    g_assert_cmpuint(tpm->starts, ==, 1);
    g_assert_cmpuint(tpm->taken, ==, 3);
    arrive(tpm, 1);
    done(tpm);
    g_assert_cmpuint(tpm->starts, ==, 2);
}

#define CASE(name)                                                                                 \
    static void test_##name(void)                                                                  \
    {                                                                                              \
        with_tpm(name);                                                                            \
    }

CASE(idle_starts_at_once)
CASE(idle_again)
CASE(alone_never_lingers)
CASE(enough_ends_it)
CASE(limit_is_enough)
CASE(time_ends_it)
CASE(time_ends_it_for_nobody)
CASE(busy_sockets_do_not_prolong)
CASE(who_does_not_return_is_not_waited_for)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/pacer/idle-starts-at-once", test_idle_starts_at_once);
    g_test_add_func("/manager/pacer/idle-again-starts-at-once", test_idle_again);
    g_test_add_func("/manager/pacer/who-is-alone-never-lingers", test_alone_never_lingers);
    g_test_add_func("/manager/pacer/enough-ends-lingering", test_enough_ends_it);
    g_test_add_func("/manager/pacer/a-full-batch-is-enough", test_limit_is_enough);
    g_test_add_func("/manager/pacer/time-ends-lingering", test_time_ends_it);
    g_test_add_func("/manager/pacer/time-ends-lingering-for-nobody", test_time_ends_it_for_nobody);
    g_test_add_func("/manager/pacer/busy-sockets-do-not-prolong-it",
                    test_busy_sockets_do_not_prolong);
    g_test_add_func("/manager/pacer/who-does-not-return-is-not-waited-for",
                    test_who_does_not_return_is_not_waited_for);
    return g_test_run();
}
