/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/limiter.h"

#include "attest/deepquote.h"
#include "daemon/token_bucket.h"

enum { FORGET_AT_ONCE = 2 }; /* more than can be added meanwhile */

typedef enum Purse {
    DOOR,
    HELLOS,
    LIVES,
    SHARE, /* by --vm-rate and --vm-burst */
    PAGES,
    PURSES,
} Purse;

static const TokenRate purses[PURSES] = {
    [DOOR] = { .per_second = 500, .burst = 32768 },
    [HELLOS] = { .per_second = 10, .burst = 64 },
    [LIVES] = { .per_second = 0.2, .burst = 16 },
    [PAGES] = { .per_second = 1000, .burst = 4096 },
};

static const struct {
    Purse purse;
    double cost;
    LimiterCrowd from;    /* an empty purse matters from here on */
    ManagerReason reason; /* what then is answered; those at the door are closed */
    gboolean fine;        /* what is there is taken even if it is less */
} acts[LIMITER_ACTS] = {
    [LIMITER_CONNECT] = { DOOR, 1, LIMITER_ALONE, MANAGER_REASON_STARTS_TOO_OFTEN, FALSE },
    [LIMITER_MALFORMED] = { DOOR, 64, LIMITER_ALONE, MANAGER_REASON_STARTS_TOO_OFTEN, TRUE },
    [LIMITER_HELLO] = { DOOR, 1, LIMITER_ALONE, MANAGER_REASON_STARTS_TOO_OFTEN, FALSE },
    [LIMITER_HELLO_AGAIN] = { HELLOS, 1, LIMITER_ALONE, MANAGER_REASON_STARTS_TOO_OFTEN, FALSE },
    [LIMITER_LIFE] = { LIVES, 1, LIMITER_ALONE, MANAGER_REASON_STARTS_TOO_OFTEN, FALSE },
    [LIMITER_PREPARE] = { SHARE, 1, LIMITER_CROWDED, MANAGER_REASON_SHARE_USED_UP, FALSE },
    [LIMITER_QUOTE] = { SHARE, 1, LIMITER_CROWDED, MANAGER_REASON_SHARE_USED_UP, FALSE },
    [LIMITER_PREPARED_QUOTE] = { SHARE, 0, LIMITER_CROWDED, MANAGER_REASON_SHARE_USED_UP, FALSE },
    [LIMITER_PCR_READ] = { SHARE, 1, LIMITER_OTHERS_WAIT, MANAGER_REASON_SHARE_USED_UP, FALSE },
    /* One at a time, each on the disk first: that is its limit. A vTPM stores in any case. */
    [LIMITER_ANNOUNCE] = { HELLOS, 0, LIMITER_ALONE, MANAGER_REASON_STARTS_TOO_OFTEN, FALSE },
    [LIMITER_CREDENTIAL] = { PAGES, 1, LIMITER_OTHERS_WAIT, MANAGER_REASON_SHARE_USED_UP, FALSE },
};

typedef struct Usage {
    GList link; /* its data is the usage */
    char *who;
    guint weight;
    TokenBucket bucket[PURSES];
} Usage;

struct Limiter {
    GHashTable *usages; /* who -> Usage */
    GQueue used;        /* of Usage: what was used last is at the end */
    TokenRate share;    /* for a weight of 1; no rate: no limit */
};

static void usage_free(gpointer data)
{
    Usage *usage = data;

    g_free(usage->who);
    g_free(usage);
}

Limiter *limiter_new(guint rate, guint burst)
{
    Limiter *limiter = g_new0(Limiter, 1);

    limiter->usages = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, usage_free);
    g_queue_init(&limiter->used);
    limiter->share = (TokenRate){ rate, burst };
    return limiter;
}

void limiter_free(Limiter *limiter)
{
    if (limiter) {
        g_hash_table_unref(limiter->usages);
        g_free(limiter);
    }
}

static TokenRate rate_of(const Limiter *limiter, const Usage *usage, Purse purse)
{
    const TokenRate *share = &limiter->share;

    return purse == SHARE
               ? (TokenRate){ share->per_second * usage->weight, share->burst * usage->weight }
               : purses[purse];
}

/* Nothing is lost where it is forgotten: it would begin as it is now. */
static gboolean made_up_for(const Limiter *limiter, Usage *usage, int64_t now)
{
    for (Purse purse = 0; purse < PURSES; purse++) {
        const TokenRate rate = rate_of(limiter, usage, purse);

        if (!token_bucket_full(&usage->bucket[purse], &rate, now)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void forget_some(Limiter *limiter, int64_t now)
{
    for (int i = 0; i < FORGET_AT_ONCE; i++) {
        Usage *oldest = g_queue_peek_head(&limiter->used);

        if (!oldest || (!made_up_for(limiter, oldest, now) &&
                        g_hash_table_size(limiter->usages) <= LIMITER_USAGES_MAX)) {
            return;
        }
        g_queue_unlink(&limiter->used, &oldest->link);
        g_hash_table_remove(limiter->usages, oldest->who);
    }
}

static Usage *usage_new(Limiter *limiter, const char *who)
{
    Usage *usage = g_new0(Usage, 1);

    usage->link.data = usage;
    usage->who = g_strdup(who);
    g_hash_table_insert(limiter->usages, usage->who, usage);
    return usage;
}

static Usage *usage_of(Limiter *limiter, const char *who, guint weight, int64_t now)
{
    Usage *usage;

    forget_some(limiter, now);
    usage = g_hash_table_lookup(limiter->usages, who);
    if (usage) {
        g_queue_unlink(&limiter->used, &usage->link);
    } else {
        usage = usage_new(limiter, who);
    }
    usage->weight = weight;
    g_queue_push_tail_link(&limiter->used, &usage->link);
    return usage;
}

static ManagerReason take(Limiter *limiter, const char *who, LimiterAct act, guint weight,
                          LimiterCrowd crowd, int64_t now)
{
    const Purse purse = acts[act].purse;
    Usage *usage;
    TokenRate rate;

    if (acts[act].cost <= 0 || (purse == SHARE && limiter->share.per_second <= 0)) {
        return MANAGER_REASON_NONE;
    }
    usage = usage_of(limiter, who, weight, now);
    rate = rate_of(limiter, usage, purse);
    if (token_bucket_take(&usage->bucket[purse], &rate, acts[act].cost, now)) {
        return MANAGER_REASON_NONE;
    }
    if (acts[act].fine) {
        token_bucket_empty(&usage->bucket[purse], &rate, now);
    }
    return crowd < acts[act].from ? MANAGER_REASON_NONE : acts[act].reason;
}

ManagerReason limiter_group(Limiter *limiter, const char *group, LimiterAct act, int64_t now)
{
    return take(limiter, group, act, 1, LIMITER_ALONE, now);
}

ManagerReason limiter_vm(Limiter *limiter, const WireUuid *uuid, LimiterAct act, guint weight,
                         LimiterCrowd crowd, int64_t now)
{
    g_autofree char *who = dq_uuid_format(uuid->byte);

    return take(limiter, who, act, weight, crowd, now);
}

guint limiter_usages(const Limiter *limiter)
{
    return g_hash_table_size(limiter->usages);
}
