/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/token_bucket.h"

static void fill(TokenBucket *bucket, const TokenRate *rate, int64_t now)
{
    double seconds = ((double)now - (double)bucket->then) / G_USEC_PER_SEC;

    if (seconds > 0) {
        bucket->used = MAX(0.0, bucket->used - seconds * rate->per_second);
        bucket->then = now;
    }
}

gboolean token_bucket_take(TokenBucket *bucket, const TokenRate *rate, double cost, int64_t now)
{
    fill(bucket, rate, now);
    if (bucket->used + cost > rate->burst) {
        return FALSE;
    }
    bucket->used += cost;
    return TRUE;
}

void token_bucket_empty(TokenBucket *bucket, const TokenRate *rate, int64_t now)
{
    fill(bucket, rate, now);
    bucket->used = rate->burst;
}

gboolean token_bucket_full(TokenBucket *bucket, const TokenRate *rate, int64_t now)
{
    fill(bucket, rate, now);
    return bucket->used <= 0;
}
