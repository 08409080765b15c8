/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/token_bucket.h"

gboolean token_bucket_take(TokenBucket *bucket, const TokenRate *rate, int64_t now)
{
    double seconds = ((double)now - (double)bucket->then) / G_USEC_PER_SEC;

    if (seconds > 0) {
        bucket->used = MAX(0.0, bucket->used - seconds * rate->per_second);
        bucket->then = now;
    }
    if (bucket->used + 1 > rate->burst) {
        return FALSE;
    }
    bucket->used++;
    return TRUE;
}
