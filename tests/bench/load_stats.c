/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load_stats.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t status_field(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? g_ascii_strtoull(at + strlen(name), NULL, 10) : 0;
}

LoadProcess load_process_read(pid_t pid)
{
    g_autofree char *stat_path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *status_path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *stat = NULL;
    g_autofree char *status = NULL;
    LoadProcess p = { 0 };
    unsigned long user, system;
    const char *after_name;

    if (!g_file_get_contents(stat_path, &stat, NULL, NULL) ||
        !g_file_get_contents(status_path, &status, NULL, NULL)) {
        return p;
    }
    after_name = strrchr(stat, ')');
    if (after_name && sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                             &user, &system) == 2) {
        p.cpu_seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    }
    p.rss_kb = status_field(status, "VmRSS:");
    p.peak_kb = status_field(status, "VmHWM:");
    return p;
}

LoadStats *load_stats_new(void)
{
    LoadStats *stats = g_new0(LoadStats, 1);

    stats->latency = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    stats->batches = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return stats;
}

void load_stats_free(LoadStats *stats)
{
    if (stats) {
        g_array_unref(stats->latency);
        g_hash_table_unref(stats->batches);
        g_free(stats);
    }
}

void load_stats_answer(LoadStats *stats, int64_t latency_ns, uint64_t tree_size)
{
    const uint32_t us = (uint32_t)MIN(latency_ns / 1000, (int64_t)G_MAXUINT32);
    uint64_t *count = g_hash_table_lookup(stats->batches, &tree_size);

    g_array_append_val(stats->latency, us);
    if (!count) {
        uint64_t *key = g_new(uint64_t, 1);

        *key = tree_size;
        count = g_new0(uint64_t, 1);
        g_hash_table_insert(stats->batches, key, count);
    }
    ++*count;
}

/* All that was not answered with evidence */
static uint64_t errors(const LoadStats *stats)
{
    uint64_t n = stats->wrong + stats->closed;

    for (gsize i = 0; i < G_N_ELEMENTS(stats->refused); i++) {
        n += stats->refused[i];
    }
    return n;
}

double load_stats_rate(const LoadStats *stats)
{
    return stats->seconds > 0 ? stats->latency->len / stats->seconds : 0;
}

static gint compare_u32(gconstpointer a, gconstpointer b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static gint compare_u64(gconstpointer a, gconstpointer b)
{
    const uint64_t x = **(const uint64_t *const *)a, y = **(const uint64_t *const *)b;

    return (x > y) - (x < y);
}

static void put(JsonBuilder *b, const char *name, double value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_double_value(b, value);
}

static void put_count(JsonBuilder *b, const char *name, uint64_t value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, (int64_t)value);
}

static double quantile_ms(const GArray *sorted, double q)
{
    const guint last = sorted->len - 1;

    return sorted->len ? g_array_index(sorted, uint32_t, (guint)(q * last + 0.5)) / 1000.0 : 0;
}

double load_stats_latency_ms(LoadStats *stats, double q)
{
    g_array_sort(stats->latency, compare_u32);
    return quantile_ms(stats->latency, q);
}

static void report_latency(LoadStats *stats, JsonBuilder *b)
{
    static const struct {
        const char *name;
        double q;
    } quantiles[] = { { "min", 0 },    { "p50", 0.5 },    { "p90", 0.9 },
                      { "p99", 0.99 }, { "p999", 0.999 }, { "max", 1 } };
    double sum = 0;

    g_array_sort(stats->latency, compare_u32);
    for (guint i = 0; i < stats->latency->len; i++) {
        sum += g_array_index(stats->latency, uint32_t, i) / 1000.0;
    }
    json_builder_set_member_name(b, "latency_ms");
    json_builder_begin_object(b);
    put(b, "mean", stats->latency->len ? sum / stats->latency->len : 0);
    for (gsize i = 0; i < G_N_ELEMENTS(quantiles); i++) {
        put(b, quantiles[i].name, quantile_ms(stats->latency, quantiles[i].q));
    }
    json_builder_end_object(b);
}

/* Batches by size: so many answers of one size are so many divided by the size batches. */
static void report_batches(LoadStats *stats, JsonBuilder *b)
{
    g_autoptr(GPtrArray) sizes = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;
    double batches = 0;

    g_hash_table_iter_init(&iter, stats->batches);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        g_ptr_array_add(sizes, key);
    }
    g_ptr_array_sort(sizes, compare_u64);
    json_builder_set_member_name(b, "answers_by_batch_size");
    json_builder_begin_object(b);
    for (guint i = 0; i < sizes->len; i++) {
        const uint64_t size = *(uint64_t *)g_ptr_array_index(sizes, i);
        const uint64_t answers = *(uint64_t *)g_hash_table_lookup(stats->batches, &size);
        g_autofree char *name = g_strdup_printf("%" G_GUINT64_FORMAT, size);

        put_count(b, name, answers);
        batches += (double)answers / (double)size;
    }
    json_builder_end_object(b);
    put(b, "hardware_quotes", batches);
    put(b, "batch_size_mean", batches > 0 ? stats->latency->len / batches : 0);
}

static void report_errors(const LoadStats *stats, JsonBuilder *b)
{
    put_count(b, "errors", errors(stats));
    json_builder_set_member_name(b, "error_kinds");
    json_builder_begin_object(b);
    for (gsize i = MANAGER_DENIED; i < MANAGER_STATUS_COUNT; i++) {
        g_autofree char *name = g_ascii_strdown(manager_status_name((ManagerStatus)i), -1);

        put_count(b, name, stats->refused[i]);
    }
    put_count(b, "wrong", stats->wrong);
    put_count(b, "closed", stats->closed);
    json_builder_end_object(b);
}

void load_stats_report(LoadStats *stats, JsonBuilder *b)
{
    const double cpu = stats->after.cpu_seconds - stats->before.cpu_seconds;

    put(b, "seconds", stats->seconds);
    put_count(b, "answers", stats->latency->len);
    put(b, "per_second", load_stats_rate(stats));
    report_latency(stats, b);
    report_batches(stats, b);
    report_errors(stats, b);
    put_count(b, "flood_replies", stats->flood);
    put_count(b, "flood_refused", stats->flood_refused);
    put_count(b, "flood_closed", stats->flood_closed);
    put(b, "manager_cpu_seconds", cpu);
    put(b, "manager_cpu_us_per_answer", stats->latency->len ? cpu * 1e6 / stats->latency->len : 0);
    put(b, "manager_rss_mb", stats->after.rss_kb / 1024.0);
    put(b, "manager_peak_mb", stats->after.peak_kb / 1024.0);
}
