/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the TCTI of a slow chip is told, and how long a chip takes */
#ifndef TESTS_BENCH_LATENCY_OPTIONS_H
#define TESTS_BENCH_LATENCY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

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
 * @text: OPTION,...:INNER
 * @ret_inner: points into @text
 *
 * Returns: %NULL, or what is wrong with it and what to do; the outputs are then untouched.
 */
const char *latency_options_parse(const char *text, LatencyOptions *ret, const char **ret_inner);

#endif
