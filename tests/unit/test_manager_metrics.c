/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metrics' text, read back by a parser that takes nothing but what the format allows. */
#include "admin/metrics.h"

#include <string.h>

/* Values on both sides of the end of each bucket, and above the last. */
typedef struct Values {
    GArray *all; /* guint64 */
    Histogram histogram;
} Values;

static void values_add(Values *values, uint64_t value)
{
    g_array_append_val(values->all, value);
    histogram_add(&values->histogram, value);
}

static Values values_new(guint last_bit)
{
    Values values = { .all = g_array_new(FALSE, FALSE, sizeof(uint64_t)) };

    for (guint bit = 0; bit <= last_bit; bit++) {
        values_add(&values, (G_GUINT64_CONSTANT(1) << bit) - 1);
        values_add(&values, G_GUINT64_CONSTANT(1) << bit);
    }
    return values;
}

static uint64_t values_at_most(const Values *values, uint64_t bound)
{
    uint64_t n = 0;

    for (guint i = 0; i < values->all->len; i++) {
        n += g_array_index(values->all, uint64_t, i) <= bound;
    }
    return n;
}

static const QuoterTimes no_times;

static const MetricsSample sample = {
    .counts = { .requests = 101,
                .answered = 50,
                .refused = 20,
                .timed_out = 10,
                .cancelled = 5,
                .batches = 7,
                .queued = 12,
                .in_flight = 4 },
    .times = &no_times,
    .throttled = 77,
    .connected = 3,
    .registered = 9,
    .simulated = TRUE,
    .started = 1700000000,
    .cpu_us = 1000001,
    .resident = 4096,
    .version = "1.2.3",
};

/* ------------------------------------------------------------------------------------- parsing */

typedef struct Parsed {
    GHashTable *samples;  /* "name{labels}" -> value, both strings */
    GHashTable *families; /* name -> type */
} Parsed;

static gboolean matches(const char *line, const char *pattern, GStrv ret_groups)
{
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_ANCHORED, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    g_assert_nonnull(regex);
    if (!g_regex_match(regex, line, 0, &match)) {
        return FALSE;
    }
    for (gint i = 1; i < g_match_info_get_match_count(match); i++) {
        ret_groups[i - 1] = g_match_info_fetch(match, i);
    }
    return TRUE;
}

static void parse_sample(Parsed *parsed, const char *line, const char *family, const char *type)
{
    static const char pattern[] = "(([a-z_:][a-z0-9_:]*)(?:\\{[a-z]+=\"([^\"\\\\\\n]*)\"\\})?) "
                                  "([0-9]+(?:\\.[0-9]+)?)$";
    char *groups[5] = { 0 };
    const char *suffix;

    if (!matches(line, pattern, groups)) {
        g_error("not a sample: %s", line);
    }
    g_assert_true(g_str_has_prefix(groups[1], family));
    suffix = groups[1] + strlen(family);
    if (g_str_equal(type, "histogram")) {
        g_assert_true(g_str_equal(suffix, "_bucket") || g_str_equal(suffix, "_sum") ||
                      g_str_equal(suffix, "_count"));
    } else {
        g_assert_cmpstr(suffix, ==, "");
        g_assert_true(g_str_has_suffix(family, "_total") == g_str_equal(type, "counter"));
    }
    g_assert_true(g_hash_table_insert(parsed->samples, g_strdup(groups[0]), g_strdup(groups[3])));
    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
        g_free(groups[i]);
    }
}

/* Each family is one # HELP, one # TYPE and its samples; every line ends. */
static Parsed parse(const char *text)
{
    Parsed parsed = { g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) };
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint n = g_strv_length(lines);
    guint i = 0;

    g_assert_cmpstr(lines[n - 1], ==, "");
    while (i < n - 1) {
        char *help[3] = { 0 };
        char *type[3] = { 0 };
        guint samples = 0;

        g_assert_true(matches(lines[i++], "# HELP ([a-z_]+) ([^\\\\]+)$", help));
        g_assert_true(matches(lines[i++], "# TYPE ([a-z_]+) (counter|gauge|histogram)$", type));
        g_assert_cmpstr(help[0], ==, type[0]);
        for (; i < n - 1 && lines[i][0] != '#'; i++) {
            parse_sample(&parsed, lines[i], type[0], type[1]);
            samples++;
        }
        g_assert_cmpuint(samples, >, 0);
        g_assert_true(g_hash_table_insert(parsed.families, type[0], type[1]));
        g_free(help[0]);
        g_free(help[1]);
    }
    return parsed;
}

static void parsed_clear(Parsed *parsed)
{
    g_hash_table_unref(parsed->samples);
    g_hash_table_unref(parsed->families);
}

static Parsed parse_of(const MetricsSample *s)
{
    g_autofree char *text = metrics_text(s);

    return parse(text);
}

static void check(const Parsed *parsed, const char *name, const char *value)
{
    g_test_message("%s", name);
    g_assert_cmpstr(g_hash_table_lookup(parsed->samples, name), ==, value);
}

/* --------------------------------------------------------------------------------------- tests */

static void test_tells_what_was_counted(void)
{
    Parsed parsed = parse_of(&sample);

    check(&parsed, "vtpm_manager_build_info{version=\"1.2.3\"}", "1");
    check(&parsed, "vtpm_manager_requests_total", "101");
    check(&parsed, "vtpm_manager_answered_total", "50");
    check(&parsed, "vtpm_manager_refused_total", "20");
    check(&parsed, "vtpm_manager_timed_out_total", "10");
    check(&parsed, "vtpm_manager_cancelled_total", "5");
    check(&parsed, "vtpm_manager_throttled_total", "77");
    check(&parsed, "vtpm_manager_hardware_quotes_total", "7");
    check(&parsed, "vtpm_manager_queue_length", "12");
    check(&parsed, "vtpm_manager_in_flight", "4");
    check(&parsed, "vtpm_manager_connected_vtpms", "3");
    check(&parsed, "vtpm_manager_registered_vms", "9");
    check(&parsed, "vtpm_manager_tpm_simulated", "1");
    check(&parsed, "vtpm_manager_tpm_up", "1");
    check(&parsed, "process_start_time_seconds", "1700000000");
    check(&parsed, "process_cpu_seconds_total", "1.000001");
    check(&parsed, "process_resident_memory_bytes", "4096");
    parsed_clear(&parsed);
}

static void test_tells_that_the_tpm_fails(void)
{
    MetricsSample s = sample;
    Parsed parsed;

    s.failing = TRUE;
    s.simulated = FALSE;
    parsed = parse_of(&s);
    check(&parsed, "vtpm_manager_tpm_up", "0");
    check(&parsed, "vtpm_manager_tpm_simulated", "0");
    parsed_clear(&parsed);
}

static void test_leaves_out_memory_that_is_not_known(void)
{
    MetricsSample s = sample;
    Parsed parsed;

    s.resident = 0;
    parsed = parse_of(&s);
    g_assert_false(g_hash_table_contains(parsed.families, "process_resident_memory_bytes"));
    parsed_clear(&parsed);
}

static void test_prints_the_greatest_numbers_in_full(void)
{
    MetricsSample s = sample;
    Parsed parsed;

    s.counts.requests = G_MAXUINT64;
    s.cpu_us = G_MAXUINT64;
    parsed = parse_of(&s);
    check(&parsed, "vtpm_manager_requests_total", "18446744073709551615");
    check(&parsed, "process_cpu_seconds_total", "18446744073709.551615");
    parsed_clear(&parsed);
}

/* @us: microseconds that are printed as seconds. The bucket of @bound holds what is not above it.
 */
static void check_bucket(const Parsed *parsed, const char *family, const Values *values,
                         uint64_t bound, gboolean us)
{
    g_autofree char *le = us ? g_strdup_printf("%" G_GUINT64_FORMAT ".%06u", bound / 1000000,
                                               (guint)(bound % 1000000))
                             : g_strdup_printf("%" G_GUINT64_FORMAT, bound);
    g_autofree char *name = g_strdup_printf("%s_bucket{le=\"%s\"}", family, le);
    g_autofree char *value = g_strdup_printf("%" G_GUINT64_FORMAT, values_at_most(values, bound));

    check(parsed, name, value);
}

static void check_count(const Parsed *parsed, const char *family, const Values *values)
{
    g_autofree char *all = g_strdup_printf("%s_bucket{le=\"+Inf\"}", family);
    g_autofree char *count = g_strdup_printf("%s_count", family);
    g_autofree char *value = g_strdup_printf("%u", values->all->len);

    check(parsed, all, value);
    check(parsed, count, value);
}

static void test_buckets_hold_what_their_bounds_say(void)
{
    Values latency = values_new(30);
    Values quote = values_new(28);
    Values batch = values_new(13);
    const QuoterTimes times = { latency.histogram, quote.histogram, batch.histogram };
    MetricsSample s = sample;
    Parsed parsed;
    g_autofree char *sum = NULL;

    s.times = &times;
    parsed = parse_of(&s);
    for (guint bit = 8; bit <= 26; bit++) {
        check_bucket(&parsed, "vtpm_manager_request_duration_seconds", &latency, (1U << bit) - 1,
                     TRUE);
        check_bucket(&parsed, "vtpm_manager_hardware_quote_duration_seconds", &quote,
                     (1U << bit) - 1, TRUE);
    }
    for (guint bit = 1; bit <= 12; bit++) {
        check_bucket(&parsed, "vtpm_manager_batch_size", &batch, (1U << bit) - 1, FALSE);
    }
    check_count(&parsed, "vtpm_manager_request_duration_seconds", &latency);
    check_count(&parsed, "vtpm_manager_hardware_quote_duration_seconds", &quote);
    check_count(&parsed, "vtpm_manager_batch_size", &batch);
    sum = g_strdup_printf("%" G_GUINT64_FORMAT, batch.histogram.sum);
    check(&parsed, "vtpm_manager_batch_size_sum", sum);
    parsed_clear(&parsed);
    g_array_unref(latency.all);
    g_array_unref(quote.all);
    g_array_unref(batch.all);
}

static void test_sums_are_seconds(void)
{
    QuoterTimes times = { 0 };
    MetricsSample s = sample;
    Parsed parsed;

    histogram_add(&times.latency, 229000);
    histogram_add(&times.latency, 1900001);
    s.times = &times;
    parsed = parse_of(&s);
    check(&parsed, "vtpm_manager_request_duration_seconds_sum", "2.129001");
    check(&parsed, "vtpm_manager_hardware_quote_duration_seconds_sum", "0.000000");
    parsed_clear(&parsed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/metrics/tells-what-was-counted", test_tells_what_was_counted);
    g_test_add_func("/manager/metrics/tells-that-the-tpm-fails", test_tells_that_the_tpm_fails);
    g_test_add_func("/manager/metrics/leaves-out-memory-that-is-not-known",
                    test_leaves_out_memory_that_is_not_known);
    g_test_add_func("/manager/metrics/prints-the-greatest-numbers-in-full",
                    test_prints_the_greatest_numbers_in_full);
    g_test_add_func("/manager/metrics/buckets-hold-what-their-bounds-say",
                    test_buckets_hold_what_their_bounds_say);
    g_test_add_func("/manager/metrics/sums-are-seconds", test_sums_are_seconds);
    return g_test_run();
}
