/* SPDX-License-Identifier: GPL-2.0-or-later */
/* deepquote-load: N simulated vTPMs ask one vtpm-managerd for deep quotes, and what comes of it. */
#include "load_flood.h"
#include "load_run.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct Outcome {
    LoadStats *calm;
    LoadStats *flood; /* NULL: nobody floods */
    double connect_seconds;
    int verified;
    guint authentic;
    char *reason;
} Outcome;

static gboolean parse(int argc, char **argv, LoadOptions *o, GError **error)
{
    const GOptionEntry entries[] = {
        { "socket", 's', 0, G_OPTION_ARG_FILENAME, &o->socket, "The manager's socket for vTPMs",
          "PATH" },
        { "admin-socket", 'a', 0, G_OPTION_ARG_FILENAME, &o->admin_socket,
          "Its socket for administrators: the VMs are registered there first", "PATH" },
        { "vms", 'n', 0, G_OPTION_ARG_INT, &o->vms, "Simulated VMs (1)", "N" },
        { "seconds", 't', 0, G_OPTION_ARG_DOUBLE, &o->seconds, "How long to measure (10)", "S" },
        { "warmup", 'w', 0, G_OPTION_ARG_DOUBLE, &o->warmup, "Before that (2)", "S" },
        { "open", 'o', 0, G_OPTION_ARG_DOUBLE, &o->rate,
          "Open loop: so many requests a second, at random times", "RATE" },
        { "think", 0, 0, G_OPTION_ARG_DOUBLE, &o->think_ms,
          "Closed loop: pause between an answer and the next request (0)", "MS" },
        { "timeout", 0, 0, G_OPTION_ARG_INT, &o->timeout_ms, "Of a request (60000)", "MS" },
        { "host-ak", 'k', 0, G_OPTION_ARG_FILENAME, &o->host_ak,
          "The manager's key (vtpm-managerctl ak): a sample of the evidence is verified", "FILE" },
        { "sample", 0, 0, G_OPTION_ARG_INT, &o->samples, "How many to verify (200)", "N" },
        { "manager-pid", 'p', 0, G_OPTION_ARG_INT, &o->manager_pid,
          "Reports this process's time and memory", "PID" },
        { "flood", 0, 0, G_OPTION_ARG_INT, &o->flood,
          "Measures a second time with so many more VMs that flood", "N" },
        { "flood-kind", 0, 0, G_OPTION_ARG_STRING, &o->flood_kind,
          "With " LOAD_FLOOD_KINDS " (pipeline)", "KIND" },
        { "label", 0, 0, G_OPTION_ARG_STRING, &o->label, "Name of this run in the report", "TEXT" },
        { "seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "VMs of another seed are other VMs (1)", "N" },
        { "json", 0, 0, G_OPTION_ARG_FILENAME, &o->json, "Writes the report there", "FILE" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Print the version", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context, "Simulated vTPMs ask vtpm-managerd for deep quotes.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, error)) {
        return FALSE;
    }
    if (argc > 1 || (!o->socket && !o->version) || o->vms < 1 || o->seconds <= 0 || o->flood < 0 ||
        o->samples < 0 || o->timeout_ms < 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--socket is needed, and numbers must be positive; see --help");
        return FALSE;
    }
    if (o->vms + o->flood > 1 && geteuid() != 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "each VM is another user's, which only root can be: run it as root");
        return FALSE;
    }
    return TRUE;
}

static void clear(LoadOptions *o)
{
    g_free(o->socket);
    g_free(o->admin_socket);
    g_free(o->host_ak);
    g_free(o->flood_kind);
    g_free(o->label);
    g_free(o->json);
}

static void allow_open_files(guint wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = MIN((rlim_t)wanted, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) {
        fprintf(stderr,
                "deepquote-load: only %lu open files are allowed; raise 'ulimit -n' to %u\n",
                (unsigned long)limit.rlim_cur, wanted);
    }
}

static gboolean measure(LoadRun *run, const LoadOptions *o, Outcome *out, GError **error)
{
    out->connect_seconds = load_run_connect_seconds(run);
    out->calm = load_stats_new();
    if (!load_run_measure(run, o->warmup, NULL, error) ||
        !load_run_measure(run, o->seconds, out->calm, error)) {
        return FALSE;
    }
    if (o->flood > 0) {
        out->flood = load_stats_new();
        if (!load_run_flood(run, error) || !load_run_measure(run, o->warmup, NULL, error) ||
            !load_run_measure(run, o->seconds, out->flood, error)) {
            return FALSE;
        }
    }
    if (o->host_ak) {
        out->verified =
            load_check_run(load_run_check(run), o->host_ak, &out->authentic, &out->reason, error);
    }
    return out->verified >= 0;
}

static void report_part(JsonBuilder *b, const char *name, LoadStats *stats)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_object(b);
    load_stats_report(stats, b);
    json_builder_end_object(b);
}

static void report_number(JsonBuilder *b, const char *name, double value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_double_value(b, value);
}

/* How much longer the others wait for their quotes than before the flood. */
static void report_ratios(JsonBuilder *b, LoadStats *calm, LoadStats *flood)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = { { "p50", 0.5 }, { "p99", 0.99 } };

    json_builder_set_member_name(b, "flood_latency_ratio");
    json_builder_begin_object(b);
    for (gsize i = 0; i < G_N_ELEMENTS(quantiles); i++) {
        report_number(b, quantiles[i].name,
                      load_stats_latency_ms(flood, quantiles[i].share) /
                          load_stats_latency_ms(calm, quantiles[i].share));
    }
    json_builder_end_object(b);
}

static JsonNode *report(const LoadOptions *o, Outcome *out)
{
    g_autoptr(JsonBuilder) b = json_builder_new();

    json_builder_begin_object(b);
    json_builder_set_member_name(b, "label");
    json_builder_add_string_value(b, o->label ? o->label : "");
    report_number(b, "vms", o->vms);
    report_number(b, "open_rate", o->rate);
    report_number(b, "think_ms", o->think_ms);
    report_number(b, "connect_seconds", out->connect_seconds);
    report_part(b, "result", out->calm);
    if (out->flood) {
        json_builder_set_member_name(b, "flood_kind");
        json_builder_add_string_value(b, o->flood_kind);
        report_number(b, "flood_vms", o->flood);
        report_part(b, "flooded", out->flood);
        report_number(b, "flood_cost_percent",
                      100 * (1 - load_stats_rate(out->flood) / load_stats_rate(out->calm)));
        report_ratios(b, out->calm, out->flood);
    }
    report_number(b, "verified", out->verified);
    report_number(b, "authentic", out->authentic);
    json_builder_end_object(b);
    return json_builder_get_root(b);
}

static double member(JsonObject *object, const char *path, const char *name)
{
    return json_object_get_double_member(
        path ? json_object_get_object_member(object, path) : object, name);
}

static void print_part(const char *what, JsonObject *r)
{
    printf("%-8s %9.1f/s  p50 %8.2f ms  p99 %8.2f ms  max %8.2f ms  batch %7.1f  manager %6.1f us  "
           "%5.1f MB  errors %" G_GINT64_FORMAT "\n",
           what, member(r, NULL, "per_second"), member(r, "latency_ms", "p50"),
           member(r, "latency_ms", "p99"), member(r, "latency_ms", "max"),
           member(r, NULL, "batch_size_mean"), member(r, NULL, "manager_cpu_us_per_answer"),
           member(r, NULL, "manager_rss_mb"), json_object_get_int_member(r, "errors"));
}

static gboolean print(const LoadOptions *o, Outcome *out, GError **error)
{
    g_autoptr(JsonNode) root = report(o, out);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    JsonObject *object = json_node_get_object(root);

    print_part("result", json_object_get_object_member(object, "result"));
    if (out->flood) {
        print_part("flooded", json_object_get_object_member(object, "flooded"));
        printf("the flood costs the others %.1f %% of their quotes; p50 is %.2f times that of the "
               "quiet run, p99 %.2f times\n",
               member(object, NULL, "flood_cost_percent"),
               member(object, "flood_latency_ratio", "p50"),
               member(object, "flood_latency_ratio", "p99"));
    }
    if (o->host_ak) {
        printf("verified %d, authentic %u%s%s\n", out->verified, out->authentic,
               out->reason ? ", first reason: " : "", out->reason ? out->reason : "");
    }
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    return !o->json || json_generator_to_file(generator, o->json, error);
}

static gboolean all_right(const Outcome *out)
{
    return out->calm->wrong == 0 && (!out->flood || out->flood->wrong == 0) &&
           out->authentic == (guint)out->verified;
}

int main(int argc, char **argv)
{
    LoadOptions o = {
        .vms = 1, .seconds = 10, .warmup = 2, .timeout_ms = 60000, .samples = 200, .seed = 1
    };
    g_autoptr(GError) error = NULL;
    Outcome out = { 0 };
    LoadRun *run;
    gboolean ok;

    if (!parse(argc, argv, &o, &error)) {
        fprintf(stderr, "deepquote-load: %s\n", error->message);
        return 2;
    }
    if (o.version) {
        puts("deepquote-load " PROJECT_VERSION);
        return 0;
    }
    if (!o.flood_kind) {
        o.flood_kind = g_strdup("pipeline");
    }
    allow_open_files((guint)(o.vms + o.flood) + 64);
    run = load_run_new(&o, &error);
    ok = run && measure(run, &o, &out, &error) && print(&o, &out, &error);
    if (!ok) {
        fprintf(stderr, "deepquote-load: %s\n", error->message);
    }
    ok = ok && all_right(&out);
    if (run) {
        load_run_free(run);
    }
    load_stats_free(out.calm);
    load_stats_free(out.flood);
    g_free(out.reason);
    clear(&o);
    return ok ? 0 : 1;
}
