/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Simulated vTPMs at work on one manager: one thread, one epoll. */
#ifndef TESTS_BENCH_LOAD_RUN_H
#define TESTS_BENCH_LOAD_RUN_H

#include "load_check.h"
#include "load_stats.h"

typedef struct LoadOptions {
    char *socket;
    char *admin_socket; /* where VMs are registered; NULL: they are */
    int manager_pid;
    char *host_ak;
    int vms;
    double seconds;
    double warmup;
    double rate;     /* requests a second, at random times; 0: each VM asks again when answered */
    double think_ms; /* after its answer; closed loop */
    int timeout_ms;
    int samples;
    int flood; /* VMs that flood, on top of the others */
    char *flood_kind;
    char *label;
    char *json;
    int seed;
    gboolean version;
} LoadOptions;

typedef struct LoadRun LoadRun;

/** load_run_new: connects and welcomes all VMs. Errors: G_IO_ERROR. */
LoadRun *load_run_new(const LoadOptions *options, GError **error);
void load_run_free(LoadRun *run);

/** load_run_measure: @stats: (nullable): where to count what happens within @seconds. */
gboolean load_run_measure(LoadRun *run, double seconds, LoadStats *stats, GError **error);

/** load_run_flood: from now on some VMs flood. Errors: an unknown kind, or they are refused. */
gboolean load_run_flood(LoadRun *run, GError **error);

LoadCheck *load_run_check(LoadRun *run);
double load_run_connect_seconds(const LoadRun *run);

#endif
