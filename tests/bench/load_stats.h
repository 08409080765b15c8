/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run of the load generator has seen, and what the manager spent on it. */
#ifndef TESTS_BENCH_LOAD_STATS_H
#define TESTS_BENCH_LOAD_STATS_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <sys/types.h>

#include "wire/status.h"

/** Processor time and memory of a process, from /proc; all 0 where there is no such process. */
typedef struct LoadProcess {
    double cpu_seconds;
    uint64_t rss_kb;
    uint64_t peak_kb;
} LoadProcess;

LoadProcess load_process_read(pid_t pid);

/** One span of time; latencies are in microseconds. */
typedef struct LoadStats {
    GArray *latency;                        /* guint32, of those answered with evidence */
    GHashTable *batches;                    /* tree size -> answers */
    uint64_t refused[MANAGER_STATUS_COUNT]; /* by ManagerStatus */
    uint64_t wrong;         /* evidence that is not for the request, or no reply at all */
    uint64_t closed;        /* connections that the manager closed */
    uint64_t flood;         /* replies to those that flood */
    uint64_t flood_refused; /* of them */
    uint64_t flood_closed;  /* connections of theirs that ended */
    double seconds;
    LoadProcess before, after;
} LoadStats;

LoadStats *load_stats_new(void);
void load_stats_free(LoadStats *stats);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LoadStats, load_stats_free)

void load_stats_answer(LoadStats *stats, int64_t latency_ns, uint64_t tree_size);

double load_stats_rate(const LoadStats *stats);

/** load_stats_latency_ms: below which the share @q of the latencies is; 0: there are none. */
double load_stats_latency_ms(LoadStats *stats, double q);

/** load_stats_report: members of an open JSON object. */
void load_stats_report(LoadStats *stats, JsonBuilder *b);

#endif
