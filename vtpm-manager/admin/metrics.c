/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/metrics.h"

/*
 * Buckets end one below a power of two, where histogram_at_most() is exact: in microseconds for
 * times, which makes bounds such as 0.001023 seconds, and in requests for batches.
 */
enum {
    TIME_FIRST_BIT = 8,  /* 0.000255 s */
    TIME_LAST_BIT = 26,  /* 67.108863 s */
    BATCH_FIRST_BIT = 1, /* 1 */
    BATCH_LAST_BIT = 12, /* 4095 */
    US_PER_S = 1000000,
};

/* How a number is printed: as it is, or microseconds as seconds. */
typedef enum Unit {
    UNIT_ONE,
    UNIT_US_AS_SECONDS,
} Unit;

static void put_number(GString *out, Unit unit, uint64_t value)
{
    if (unit == UNIT_US_AS_SECONDS) {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT ".%06u", value / US_PER_S,
                               (guint)(value % US_PER_S));
    } else {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, value);
    }
}

static void put_head(GString *out, const char *name, const char *type, const char *help)
{
    g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_sample(GString *out, const char *type, const char *name, const char *help,
                       Unit unit, uint64_t value)
{
    put_head(out, name, type, help);
    g_string_append_printf(out, "%s ", name);
    put_number(out, unit, value);
    g_string_append_c(out, '\n');
}

static void put_counters(GString *out, const MetricsSample *s)
{
    const struct {
        const char *name;
        const char *help;
        uint64_t value;
    } counters[] = {
        { "vtpm_manager_requests_total", "Deep quotes asked for by vTPMs.", s->counts.requests },
        { "vtpm_manager_answered_total", "Requests answered with evidence.", s->counts.answered },
        { "vtpm_manager_refused_total", "Requests refused: queue full, or the TPM failed.",
          s->counts.refused },
        { "vtpm_manager_timed_out_total", "Requests not answered within their deadline.",
          s->counts.timed_out },
        { "vtpm_manager_cancelled_total", "Requests whose vTPM went away.", s->counts.cancelled },
        { "vtpm_manager_throttled_total",
          "Requests and starts of vTPMs turned away because their VM had more than its share.",
          s->throttled },
        { "vtpm_manager_hardware_quotes_total", "Quotes that the host's TPM made for vTPMs.",
          s->counts.batches },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(counters); i++) {
        put_sample(out, "counter", counters[i].name, counters[i].help, UNIT_ONE, counters[i].value);
    }
}

static void put_gauges(GString *out, const MetricsSample *s)
{
    const struct {
        const char *name;
        const char *help;
        uint64_t value;
    } gauges[] = {
        { "vtpm_manager_queue_length", "Requests that wait for a batch.", s->counts.queued },
        { "vtpm_manager_in_flight", "Requests in the batch that the TPM works on.",
          s->counts.in_flight },
        { "vtpm_manager_connected_vtpms", "Connections of vTPMs.", s->connected },
        { "vtpm_manager_registered_vms", "VMs in the registry.", s->registered },
        { "vtpm_manager_tpm_up", "0 if the last quote of the host's TPM failed, else 1.",
          !s->failing },
        { "vtpm_manager_tpm_simulated", "1 if the TPM is software, which proves nothing.",
          s->simulated },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(gauges); i++) {
        put_sample(out, "gauge", gauges[i].name, gauges[i].help, UNIT_ONE, gauges[i].value);
    }
}

typedef struct HistogramFamily {
    const char *name;
    const char *help;
    const Histogram *histogram;
    Unit unit;
    guint first_bit;
    guint last_bit;
} HistogramFamily;

static void put_histogram(GString *out, const HistogramFamily *f)
{
    put_head(out, f->name, "histogram", f->help);
    for (guint bit = f->first_bit; bit <= f->last_bit; bit++) {
        uint64_t bound = (G_GUINT64_CONSTANT(1) << bit) - 1;

        g_string_append_printf(out, "%s_bucket{le=\"", f->name);
        put_number(out, f->unit, bound);
        g_string_append_printf(out, "\"} %" G_GUINT64_FORMAT "\n",
                               histogram_at_most(f->histogram, bound));
    }
    g_string_append_printf(out, "%s_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n%s_sum ", f->name,
                           f->histogram->count, f->name);
    put_number(out, f->unit, f->histogram->sum);
    g_string_append_printf(out, "\n%s_count %" G_GUINT64_FORMAT "\n", f->name, f->histogram->count);
}

static void put_histograms(GString *out, const MetricsSample *s)
{
    const HistogramFamily families[] = {
        { "vtpm_manager_request_duration_seconds",
          "Time from request to answer with evidence, of requests that got one.",
          &s->times->latency, UNIT_US_AS_SECONDS, TIME_FIRST_BIT, TIME_LAST_BIT },
        { "vtpm_manager_hardware_quote_duration_seconds",
          "Time of a quote of the host's TPM, with the wait for its other users.", &s->times->quote,
          UNIT_US_AS_SECONDS, TIME_FIRST_BIT, TIME_LAST_BIT },
        { "vtpm_manager_batch_size", "Requests that shared a quote of the host's TPM.",
          &s->times->batch_size, UNIT_ONE, BATCH_FIRST_BIT, BATCH_LAST_BIT },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(families); i++) {
        put_histogram(out, &families[i]);
    }
}

static void put_process(GString *out, const MetricsSample *s)
{
    put_sample(out, "gauge", "process_start_time_seconds",
               "When the manager started, in seconds since 1970.", UNIT_ONE, (uint64_t)s->started);
    put_sample(out, "counter", "process_cpu_seconds_total", "User and system time of the manager.",
               UNIT_US_AS_SECONDS, s->cpu_us);
    if (s->resident > 0) {
        put_sample(out, "gauge", "process_resident_memory_bytes", "Memory of the manager in RAM.",
                   UNIT_ONE, s->resident);
    }
}

char *metrics_text(const MetricsSample *sample)
{
    GString *out = g_string_sized_new(8192);

    put_head(out, "vtpm_manager_build_info", "gauge", "1, with the version as a label.");
    g_string_append_printf(out, "vtpm_manager_build_info{version=\"%s\"} 1\n", sample->version);
    put_counters(out, sample);
    put_gauges(out, sample);
    put_histograms(out, sample);
    put_process(out, sample);
    return g_string_free(out, FALSE);
}
