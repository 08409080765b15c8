/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/deadlines.h"

enum { MANY = 1000 };

static GPtrArray *passed;

static void note(Deadline *deadline)
{
    g_assert_null(deadline->place);
    g_ptr_array_add(passed, deadline);
}

/* Runs until @n deadlines have passed, then all that is ready; not one is early. */
static void run(GMainContext *context, guint n)
{
    while (passed->len < n) {
        g_main_context_iteration(context, TRUE);
        for (guint i = 0; i < passed->len; i++) {
            g_assert_cmpint(((Deadline *)g_ptr_array_index(passed, i))->until, <=,
                            g_get_monotonic_time());
        }
    }
    while (g_main_context_iteration(context, FALSE)) {
    }
    g_assert_cmpuint(passed->len, ==, n);
}

static void with_deadlines(void (*test)(GMainContext *context, Deadlines *deadlines, int64_t now))
{
    g_autoptr(GMainContext) context = g_main_context_new();
    Deadlines *deadlines = deadlines_new(context, note);

    passed = g_ptr_array_new();
    test(context, deadlines, g_get_monotonic_time());
    g_ptr_array_unref(passed);
    deadlines_free(deadlines);
}

static void in_order(GMainContext *context, Deadlines *deadlines, int64_t now)
{
    static Deadline d[MANY];

    for (guint i = 0; i < MANY; i++) {
        deadline_set(deadlines, &d[i], now + 10 * (i * 7919 % MANY)); /* each once, mixed */
    }
    run(context, MANY);
    for (guint i = 1; i < MANY; i++) {
        const Deadline *a = g_ptr_array_index(passed, i - 1);
        const Deadline *b = g_ptr_array_index(passed, i);

        g_assert_cmpint(a->until, <=, b->until);
    }
}

static void test_in_order(void)
{
    with_deadlines(in_order);
}

static void cleared(GMainContext *context, Deadlines *deadlines, int64_t now)
{
    static Deadline d[MANY];

    for (guint i = 0; i < MANY; i++) {
        deadline_set(deadlines, &d[i], now + 5000 + i);
    }
    for (guint i = 0; i < MANY; i += 2) {
        deadline_clear(&d[i]);
        deadline_clear(&d[i]);
    }
    run(context, MANY / 2);
    for (guint i = 0; i < passed->len; i++) {
        g_assert_true(g_ptr_array_index(passed, i) == &d[2 * i + 1]);
    }
}

static void test_cleared(void)
{
    with_deadlines(cleared);
}

static void earlier_one_later(GMainContext *context, Deadlines *deadlines, int64_t now)
{
    Deadline late = { 0 };
    Deadline early = { 0 };

    deadline_set(deadlines, &late, now + 3600 * (int64_t)G_USEC_PER_SEC);
    g_main_context_iteration(context, FALSE);
    deadline_set(deadlines, &early, now + 1000);
    run(context, 1);
    g_assert_true(g_ptr_array_index(passed, 0) == &early);
    deadline_set(deadlines, &early, now);
    run(context, 2);
    deadline_clear(&late);
}

static void test_earlier_one_later(void)
{
    with_deadlines(earlier_one_later);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/deadlines/pass-in-order", test_in_order);
    g_test_add_func("/daemon/deadlines/do-not-pass-when-cleared", test_cleared);
    g_test_add_func("/daemon/deadlines/an-earlier-one-set-later", test_earlier_one_later);
    return g_test_run();
}
