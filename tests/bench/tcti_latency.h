/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCTI in front of another one that answers no sooner than a chip would: a software TPM then
 * takes as long for a quote as hardware does. It sleeps while it waits.
 *
 * Built as a shared object for Tss2_TctiLdr: /PATH/tcti-latency.so:OPTION,...:INNER, where INNER is
 * the other TCTI's NAME:CONF and the options are
 *     chip=NAME    a line of the table of chips
 *     table=FILE   the table (chips.table of the source tree)
 *     quote=MS     instead of a chip: a constant
 *     other=MS     every other command (0)
 *     seed=N       of the random numbers (1)
 */
#ifndef TESTS_BENCH_TCTI_LATENCY_H
#define TESTS_BENCH_TCTI_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tss2/tss2_tcti.h>

enum { LATENCY_POINTS_MAX = 32 };

/** A distribution by points of its quantile function, ascending; one point is a constant. */
typedef struct LatencyCurve {
    unsigned count;
    double percent[LATENCY_POINTS_MAX];
    double ms[LATENCY_POINTS_MAX];
} LatencyCurve;

/** latency_curve_parse: "P:MS P:MS ...", ascending, within 0..100. */
bool latency_curve_parse(const char *text, LatencyCurve *ret);

/** latency_curve_at: milliseconds at @percent; outside the points the nearest one's. */
double latency_curve_at(const LatencyCurve *curve, double percent);

/** latency_table_find: the curve of @chip in the table @path; false: not there, or no such file. */
bool latency_table_find(const char *path, const char *chip, LatencyCurve *ret);

typedef struct LatencyOptions {
    LatencyCurve quote; /* TPM2_Quote and TPM2_Sign */
    double other_ms;
    uint64_t seed;
} LatencyOptions;

/**
 * latency_options_parse:
 * @conf: OPTION,...:INNER
 * @ret_inner: points into @conf
 *
 * Returns: %NULL, or what is wrong with it and what to do; the outputs are then untouched.
 */
const char *latency_options_parse(const char *conf, LatencyOptions *ret, const char **ret_inner);

/** Bytes of a context. */
size_t tcti_latency_size(void);

/**
 * tcti_latency_init: makes @context, of tcti_latency_size() bytes, a TCTI in front of @inner.
 * @close_inner: called with @inner when the context is finalized; may be NULL
 */
void tcti_latency_init(TSS2_TCTI_CONTEXT *context, TSS2_TCTI_CONTEXT *inner,
                       const LatencyOptions *options,
                       void (*close_inner)(TSS2_TCTI_CONTEXT *inner));

#endif
