/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "histogram.h"

enum {
    SHIFT = 3, /* 2^SHIFT buckets for each power of two */
    PER = 1 << SHIFT,
};

G_STATIC_ASSERT(HISTOGRAM_BUCKETS == (64 - SHIFT + 1) * PER);

/* Values below 2 PER have a bucket each; above, the SHIFT bits after the leading one choose. */
static guint bucket_of(guint64 value)
{
    guint shift;

    if (value < PER) {
        return (guint)value;
    }
    shift = 63U - (guint)__builtin_clzll(value) - SHIFT;
    return (shift << SHIFT) + (guint)(value >> shift);
}

/* The greatest value that falls into bucket @i. */
static guint64 last_of(guint i)
{
    guint shift;

    if (i < 2 * PER) {
        return i;
    }
    shift = (i >> SHIFT) - 1;
    return ((guint64)(PER + i % PER) << shift) + ((G_GUINT64_CONSTANT(1) << shift) - 1);
}

void histogram_add(Histogram *h, guint64 value)
{
    h->count++;
    h->sum += value;
    h->max = MAX(h->max, value);
    h->bucket[bucket_of(value)]++;
}

guint64 histogram_quantile(const Histogram *h, double q)
{
    guint64 below = 0;

    for (guint i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += h->bucket[i];
        if (h->bucket[i] > 0 && (double)below >= q * (double)h->count) {
            return MIN(last_of(i), h->max);
        }
    }
    return 0;
}

guint64 histogram_at_most(const Histogram *h, guint64 bound)
{
    guint64 n = 0;

    for (guint i = 0; i < HISTOGRAM_BUCKETS && last_of(i) <= bound; i++) {
        n += h->bucket[i];
    }
    return n;
}
