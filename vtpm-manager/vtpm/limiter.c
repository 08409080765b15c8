/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/limiter.h"

#include "daemon/token_bucket.h"

static const TokenRate lives = { .per_second = 0.2, .burst = 16 };

typedef struct Usage {
    WireUuid uuid; /* first: the key */
    TokenBucket requests;
    TokenBucket lives;
} Usage;

struct Limiter {
    GHashTable *vms; /* set of Usage */
    guint rate;
    guint burst;
};

Limiter *limiter_new(guint rate, guint burst)
{
    Limiter *limiter = g_new0(Limiter, 1);

    limiter->vms = g_hash_table_new_full(wire_uuid_hash, wire_uuid_equal, g_free, NULL);
    limiter->rate = rate;
    limiter->burst = burst;
    return limiter;
}

void limiter_free(Limiter *limiter)
{
    if (limiter) {
        g_hash_table_unref(limiter->vms);
        g_free(limiter);
    }
}

static Usage *usage_of(Limiter *limiter, const WireUuid *uuid)
{
    Usage *usage = g_hash_table_lookup(limiter->vms, uuid);

    if (!usage) {
        usage = g_new0(Usage, 1);
        usage->uuid = *uuid;
        g_hash_table_add(limiter->vms, usage);
    }
    return usage;
}

gboolean limiter_request(Limiter *limiter, const WireUuid *uuid, guint weight, int64_t now)
{
    const TokenRate rate = { (double)limiter->rate * weight, (double)limiter->burst * weight };

    return limiter->rate == 0 || token_bucket_take(&usage_of(limiter, uuid)->requests, &rate, now);
}

gboolean limiter_life(Limiter *limiter, const WireUuid *uuid, int64_t now)
{
    return token_bucket_take(&usage_of(limiter, uuid)->lives, &lives, now);
}
