/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/histogram.h"

enum {
    SHIFT = 3, /* 2^SHIFT buckets for each power of two */
    PER = 1 << SHIFT,
};

G_STATIC_ASSERT(HISTOGRAM_BUCKETS == (64 - SHIFT + 1) * PER);

/* Values below 2 PER have a bucket each; above, the SHIFT bits after the leading one choose. */
static guint bucket_of(uint64_t value)
{
    guint shift;

    if (value < PER) {
        return (guint)value;
    }
    shift = 63U - (guint)__builtin_clzll(value) - SHIFT;
    return (shift << SHIFT) + (guint)(value >> shift);
}

/* The greatest value that falls into bucket @i. */
static uint64_t last_of(guint i)
{
    guint shift;

    if (i < 2 * PER) {
        return i;
    }
    shift = (i >> SHIFT) - 1;
    return ((uint64_t)(PER + i % PER) << shift) + ((G_GUINT64_CONSTANT(1) << shift) - 1);
}

void histogram_add(Histogram *h, uint64_t value)
{
    h->count++;
    h->sum += value;
    h->max = MAX(h->max, value);
    h->bucket[bucket_of(value)]++;
}

uint64_t histogram_quantile(const Histogram *h, double q)
{
    uint64_t below = 0;

    for (guint i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += h->bucket[i];
        if (h->bucket[i] > 0 && (double)below >= q * (double)h->count) {
            return MIN(last_of(i), h->max);
        }
    }
    return 0;
}

uint64_t histogram_at_most(const Histogram *h, uint64_t bound)
{
    uint64_t n = 0;

    for (guint i = 0; i < HISTOGRAM_BUCKETS && last_of(i) <= bound; i++) {
        n += h->bucket[i];
    }
    return n;
}
