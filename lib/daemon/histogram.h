/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often values of which size occurred, in constant memory and time: eight buckets for each
 * power of two, so that what is read back is at most an eighth above what went in.
 */
#ifndef DAEMON_HISTOGRAM_H
#define DAEMON_HISTOGRAM_H

#include <glib.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 496 };

/** All zero is an empty histogram. */
typedef struct Histogram {
    uint64_t count;
    uint64_t sum;
    uint64_t max;
    uint64_t bucket[HISTOGRAM_BUCKETS];
} Histogram;

void histogram_add(Histogram *h, uint64_t value);

/**
 * histogram_quantile:
 * @q: 0 to 1, such as 0.99
 *
 * Returns: a value that at least that share of the values does not exceed, never above the
 * greatest; 0 where there are none.
 */
uint64_t histogram_quantile(const Histogram *h, double q);

/**
 * histogram_at_most: how many values are not above @bound, by whole buckets. Exact where @bound is
 * below 16 or one below a power of two.
 */
uint64_t histogram_at_most(const Histogram *h, uint64_t bound);

#endif
