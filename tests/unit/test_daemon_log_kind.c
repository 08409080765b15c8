/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that others can cause: how many are written, and what is said of the rest. */
#include "daemon/log_kind.h"

#include <string.h>

static GPtrArray *lines;

static GLogWriterOutput keep(G_GNUC_UNUSED GLogLevelFlags level, const GLogField *fields,
                             gsize n_fields, G_GNUC_UNUSED gpointer data)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (g_str_equal(fields[i].key, "MESSAGE")) {
            g_ptr_array_add(lines, g_strdup(fields[i].value));
        }
    }
    return G_LOG_WRITER_HANDLED;
}

static void flood(LogKind *kind, guint count)
{
    for (guint i = 0; i < count; i++) {
        log_kind_warn(kind, "line %u", i);
    }
}

static const char *last_line(void)
{
    return lines->pdata[lines->len - 1];
}

static void run_until_lines(guint count)
{
    const int64_t until = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    while (lines->len < count && g_get_monotonic_time() < until) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpuint(lines->len, ==, count);
}

static void test_says_how_many_were_left_out(void)
{
    LogKind kind = LOG_KIND("floods");

    g_ptr_array_set_size(lines, 0);
    flood(&kind, 1000);
    g_assert_cmpuint(lines->len, ==, LOG_KIND_LINES);
    g_assert_cmpstr(last_line(), ==, "line 19");
    log_kind_end_all();
    g_assert_cmpuint(lines->len, ==, LOG_KIND_LINES + 1);
    g_assert_cmpstr(last_line(), ==, "floods: 980 more were not logged");
}

static void test_says_it_when_the_interval_ends(void)
{
    LogKind kind = LOG_KIND("floods");

    kind.seconds = 1;
    g_ptr_array_set_size(lines, 0);
    flood(&kind, LOG_KIND_LINES + 1);
    run_until_lines(LOG_KIND_LINES + 1);
    g_assert_cmpstr(last_line(), ==, "floods: 1 more were not logged");
    flood(&kind, 1);
    g_assert_cmpstr(last_line(), ==, "line 0");
    log_kind_end_all();
    g_assert_cmpstr(last_line(), ==, "line 0");
}

static void test_says_nothing_where_nothing_was_left_out(void)
{
    LogKind kind = LOG_KIND("floods");

    g_ptr_array_set_size(lines, 0);
    flood(&kind, LOG_KIND_LINES);
    log_kind_end_all();
    log_kind_end_all();
    g_assert_cmpuint(lines->len, ==, LOG_KIND_LINES);
}

static void test_one_kind_leaves_others_their_lines(void)
{
    LogKind first = LOG_KIND("first");
    LogKind second = LOG_KIND("second");

    g_ptr_array_set_size(lines, 0);
    flood(&first, 100);
    flood(&second, LOG_KIND_LINES);
    g_assert_cmpuint(lines->len, ==, 2 * LOG_KIND_LINES);
    log_kind_end_all();
    g_assert_cmpstr(last_line(), ==, "first: 80 more were not logged");
}

static void flood_of(LogKind *kind, const char *source, guint count)
{
    for (guint i = 0; i < count; i++) {
        log_kind_warn_of(kind, source, "%s %u", source, i);
    }
}

static guint lines_with(const char *text)
{
    guint count = 0;

    for (guint i = 0; i < lines->len; i++) {
        count += strstr(lines->pdata[i], text) != NULL;
    }
    return count;
}

static void test_one_source_leaves_others_their_lines(void)
{
    LogKind kind = LOG_KIND("floods");

    g_ptr_array_set_size(lines, 0);
    flood_of(&kind, "bad", 100000);
    flood_of(&kind, "good", LOG_SOURCE_LINES);
    flood(&kind, LOG_KIND_LINES);
    g_assert_cmpuint(lines_with("bad"), ==, LOG_SOURCE_LINES);
    g_assert_cmpuint(lines_with("good"), ==, LOG_SOURCE_LINES);
    g_assert_cmpuint(lines_with("line"), ==, LOG_KIND_LINES);
    log_kind_end_all();
    g_assert_cmpstr(last_line(), ==, "floods, by bad: 99995 more were not logged");
    g_assert_cmpuint(lines_with("more were not"), ==, 1);
}

static void test_what_is_repeated_hides_nothing_else(void)
{
    LogKind kind = LOG_KIND("floods");

    g_ptr_array_set_size(lines, 0);
    for (guint i = 0; i < 1000; i++) {
        log_kind_warn_of(&kind, "bad", "one attack");
    }
    log_kind_warn_of(&kind, "bad", "another");
    g_assert_cmpuint(lines->len, ==, 2);
    g_assert_cmpstr(last_line(), ==, "another");
    log_kind_end_all();
    g_assert_cmpstr(last_line(), ==, "floods, by bad: 999 more were not logged");
}

static void test_sources_without_end_are_bounded(void)
{
    LogKind kind = LOG_KIND("floods");

    g_ptr_array_set_size(lines, 0);
    for (guint i = 0; i < 10000; i++) {
        g_autofree char *source = g_strdup_printf("source %u", i);

        flood_of(&kind, source, 1);
    }
    g_assert_cmpuint(lines->len, ==, LOG_SOURCES_MAX + LOG_SOURCE_LINES);
    g_assert_cmpuint(g_hash_table_size(kind.sources), ==, LOG_SOURCES_MAX + 1);
    log_kind_end_all();
    g_assert_cmpstr(last_line(), ==, "floods, by further sources: 9931 more were not logged");
    g_assert_null(kind.sources);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    lines = g_ptr_array_new_with_free_func(g_free);
    g_log_set_always_fatal(G_LOG_FATAL_MASK);               /* warnings are what is tested */
    g_log_set_default_handler(g_log_default_handler, NULL); /* that of tests may print instead */
    g_log_set_writer_func(keep, NULL, NULL);
    g_test_add_func("/daemon/log-kind/says-how-many-were-left-out",
                    test_says_how_many_were_left_out);
    g_test_add_func("/daemon/log-kind/says-it-when-the-interval-ends",
                    test_says_it_when_the_interval_ends);
    g_test_add_func("/daemon/log-kind/says-nothing-where-nothing-was-left-out",
                    test_says_nothing_where_nothing_was_left_out);
    g_test_add_func("/daemon/log-kind/one-kind-leaves-others-their-lines",
                    test_one_kind_leaves_others_their_lines);
    g_test_add_func("/daemon/log-kind/one-source-leaves-others-their-lines",
                    test_one_source_leaves_others_their_lines);
    g_test_add_func("/daemon/log-kind/what-is-repeated-hides-nothing-else",
                    test_what_is_repeated_hides_nothing_else);
    g_test_add_func("/daemon/log-kind/sources-without-end-are-bounded",
                    test_sources_without_end_are_bounded);
    status = g_test_run();
    g_ptr_array_unref(lines);
    return status;
}
