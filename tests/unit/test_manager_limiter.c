/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Token buckets, and the shares of VMs that are made of them. */
#include "vtpm/limiter.h"
#include "daemon/token_bucket.h"

#define SECOND ((int64_t)G_USEC_PER_SEC)

static const WireUuid vm_a = { "aaaaaaaaaaaaaaa" };
static const WireUuid vm_b = { "bbbbbbbbbbbbbbb" };
static const TokenRate rate = { .per_second = 10, .burst = 3 };

static guint take_all(TokenBucket *bucket, const TokenRate *r, int64_t now)
{
    guint n = 0;

    while (n < 1000 && token_bucket_take(bucket, r, 1, now)) {
        n++;
    }
    return n;
}

static void test_burst(void)
{
    TokenBucket bucket = { 0 };

    g_assert_cmpuint(take_all(&bucket, &rate, 50 * SECOND), ==, 3);
    g_assert_false(token_bucket_take(&bucket, &rate, 1, 50 * SECOND));
}

static void test_fills_at_its_rate(void)
{
    TokenBucket bucket = { 0 };
    int64_t now = 50 * SECOND;
    guint taken = 0;

    take_all(&bucket, &rate, now);
    for (int i = 0; i < 1000; i++) {
        now += SECOND / 100;
        taken += token_bucket_take(&bucket, &rate, 1, now);
    }
    g_assert_cmpuint(taken, >=, 99);
    g_assert_cmpuint(taken, <=, 100);
}

static void test_never_above_the_burst(void)
{
    TokenBucket bucket = { 0 };

    take_all(&bucket, &rate, SECOND);
    g_assert_cmpuint(take_all(&bucket, &rate, G_MAXINT64), ==, 3);
}

static void test_time_that_goes_back(void)
{
    TokenBucket bucket = { 0 };

    take_all(&bucket, &rate, 50 * SECOND);
    g_assert_cmpuint(take_all(&bucket, &rate, 0), ==, 0);
    g_assert_cmpuint(take_all(&bucket, &rate, G_MININT64), ==, 0);
    g_assert_cmpuint(take_all(&bucket, &rate, 50 * SECOND + SECOND / 10), ==, 1);
}

static void test_first_moments_of_a_clock(void)
{
    TokenBucket bucket = { 0 };

    g_assert_cmpuint(take_all(&bucket, &rate, 0), ==, 3);
}

static void test_costs(void)
{
    TokenBucket bucket = { 0 };

    g_assert_false(token_bucket_take(&bucket, &rate, 4, SECOND));
    g_assert_true(token_bucket_take(&bucket, &rate, 2, SECOND));
    g_assert_false(token_bucket_take(&bucket, &rate, 2, SECOND));
    g_assert_true(token_bucket_take(&bucket, &rate, 1, SECOND));
    g_assert_false(token_bucket_full(&bucket, &rate, SECOND + SECOND / 4));
    g_assert_true(token_bucket_full(&bucket, &rate, 2 * SECOND));
    token_bucket_empty(&bucket, &rate, 2 * SECOND);
    g_assert_cmpuint(take_all(&bucket, &rate, 2 * SECOND), ==, 0);
    g_assert_cmpuint(take_all(&bucket, &rate, 2 * SECOND + SECOND / 10), ==, 1);
}

/* How often @uuid may do it at once while others wait as @crowd says. */
static guint may(Limiter *limiter, const WireUuid *uuid, LimiterAct act, guint weight,
                 LimiterCrowd crowd, int64_t now)
{
    guint n = 0;

    while (n < 10000 && limiter_vm(limiter, uuid, act, weight, crowd, now) == MANAGER_REASON_NONE) {
        n++;
    }
    return n;
}

static guint ask(Limiter *limiter, const WireUuid *uuid, guint weight, int64_t now)
{
    return may(limiter, uuid, LIMITER_PREPARE, weight, LIMITER_CROWDED, now);
}

static guint group_may(Limiter *limiter, const char *group, LimiterAct act, int64_t now)
{
    guint n = 0;

    while (n < 100000 && limiter_group(limiter, group, act, now) == MANAGER_REASON_NONE) {
        n++;
    }
    return n;
}

static void test_each_vm_its_own(void)
{
    g_autoptr(Limiter) limiter = limiter_new(10, 20);

    g_assert_cmpuint(ask(limiter, &vm_a, 1, SECOND), ==, 20);
    g_assert_cmpuint(ask(limiter, &vm_b, 1, SECOND), ==, 20);
    g_assert_cmpuint(ask(limiter, &vm_a, 1, 2 * SECOND), ==, 10);
}

static void test_weight(void)
{
    g_autoptr(Limiter) limiter = limiter_new(10, 20);

    g_assert_cmpuint(ask(limiter, &vm_a, 1, SECOND), ==, 20);
    g_assert_cmpuint(ask(limiter, &vm_b, 3, SECOND), ==, 60);
    g_assert_cmpuint(ask(limiter, &vm_b, 3, 2 * SECOND), ==, 30);
}

static void test_no_limit(void)
{
    g_autoptr(Limiter) limiter = limiter_new(0, 1);

    g_assert_cmpuint(ask(limiter, &vm_a, 1, SECOND), ==, 10000);
}

/* What each kind of message is allowed at once, and what is said to one more. */
static void test_every_kind_has_its_limit(void)
{
    static const struct {
        LimiterAct act;
        guint in[LIMITER_CROWDED + 1]; /* by crowd; 10000: any number */
        ManagerReason reason;
    } table[] = {
        { LIMITER_HELLO_AGAIN, { 64, 64, 64 }, MANAGER_REASON_STARTS_TOO_OFTEN },
        { LIMITER_LIFE, { 16, 16, 16 }, MANAGER_REASON_STARTS_TOO_OFTEN },
        { LIMITER_PREPARE, { 10000, 10000, 20 }, MANAGER_REASON_SHARE_USED_UP },
        { LIMITER_QUOTE, { 10000, 10000, 20 }, MANAGER_REASON_SHARE_USED_UP },
        { LIMITER_PREPARED_QUOTE, { 10000, 10000, 10000 }, MANAGER_REASON_NONE },
        { LIMITER_PCR_READ, { 10000, 20, 20 }, MANAGER_REASON_SHARE_USED_UP },
        { LIMITER_CREDENTIAL, { 10000, 4096, 4096 }, MANAGER_REASON_SHARE_USED_UP },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        for (LimiterCrowd crowd = LIMITER_ALONE; crowd <= LIMITER_CROWDED; crowd++) {
            g_autoptr(Limiter) limiter = limiter_new(10, 20);

            g_test_message("act %u, crowd %u", table[i].act, crowd);
            g_assert_cmpuint(may(limiter, &vm_a, table[i].act, 1, crowd, SECOND), ==,
                             table[i].in[crowd]);
            g_assert_cmpuint(limiter_vm(limiter, &vm_a, table[i].act, 1, crowd, SECOND), ==,
                             table[i].in[crowd] == 10000 ? MANAGER_REASON_NONE : table[i].reason);
        }
    }
}

static void test_quotes_and_reads_have_one_share(void)
{
    g_autoptr(Limiter) limiter = limiter_new(10, 20);

    g_assert_cmpuint(ask(limiter, &vm_a, 1, SECOND), ==, 20);
    g_assert_cmpuint(may(limiter, &vm_a, LIMITER_PCR_READ, 1, LIMITER_OTHERS_WAIT, SECOND), ==, 0);
    g_assert_cmpuint(may(limiter, &vm_a, LIMITER_LIFE, 1, LIMITER_CROWDED, SECOND), ==, 16);
}

static void test_births(void)
{
    g_autoptr(Limiter) limiter = limiter_new(0, 1);

    g_assert_cmpuint(may(limiter, &vm_a, LIMITER_LIFE, 1, LIMITER_ALONE, SECOND), ==, 16);
    g_assert_cmpuint(may(limiter, &vm_b, LIMITER_LIFE, 1, LIMITER_ALONE, SECOND), ==, 16);
    g_assert_cmpuint(may(limiter, &vm_a, LIMITER_LIFE, 1, LIMITER_ALONE, 4 * SECOND), ==, 0);
    g_assert_cmpuint(may(limiter, &vm_a, LIMITER_LIFE, 1, LIMITER_ALONE, 7 * SECOND), ==, 1);
}

static void test_groups_have_a_door_each(void)
{
    g_autoptr(Limiter) limiter = limiter_new(10, 20);

    g_assert_cmpuint(group_may(limiter, "cgroup /a", LIMITER_CONNECT, SECOND), ==, 32768);
    g_assert_cmpuint(group_may(limiter, "cgroup /a", LIMITER_HELLO, SECOND), ==, 0);
    g_assert_cmpuint(group_may(limiter, "cgroup /b", LIMITER_CONNECT, SECOND), ==, 32768);
    g_assert_cmpuint(group_may(limiter, "cgroup /a", LIMITER_CONNECT, 2 * SECOND), ==, 500);
}

static void test_malformed_packets_shut_the_door(void)
{
    g_autoptr(Limiter) limiter = limiter_new(10, 20);

    g_assert_cmpuint(group_may(limiter, "uid 1", LIMITER_MALFORMED, SECOND), ==, 512);
    g_assert_cmpuint(group_may(limiter, "uid 1", LIMITER_CONNECT, SECOND), ==, 0);
    /* They cost also where less is left than they cost. */
    limiter_group(limiter, "uid 1", LIMITER_MALFORMED, SECOND + SECOND / 10);
    g_assert_cmpuint(group_may(limiter, "uid 1", LIMITER_CONNECT, SECOND + SECOND / 10), ==, 0);
}

static void test_usages_end(void)
{
    g_autoptr(Limiter) limiter = limiter_new(10, 20);
    char name[32];

    for (guint i = 0; i < 1000; i++) {
        g_snprintf(name, sizeof(name), "uid %u", i);
        limiter_group(limiter, name, LIMITER_CONNECT, SECOND);
    }
    g_assert_cmpuint(limiter_usages(limiter), ==, 1000);
    /* Who has something to make up for is remembered; the others go, a few each time. */
    limiter_vm(limiter, &vm_a, LIMITER_LIFE, 1, LIMITER_ALONE, SECOND);
    for (guint i = 0; i < 1000; i++) {
        limiter_group(limiter, "uid 0", LIMITER_CONNECT, 3 * SECOND);
    }
    for (guint i = 0; i < 1000; i++) {
        g_snprintf(name, sizeof(name), "uid %u", i % 2);
        limiter_group(limiter, name, LIMITER_CONNECT, 4 * SECOND + i);
    }
    g_assert_cmpuint(limiter_usages(limiter), <=, 3);
    g_assert_cmpuint(may(limiter, &vm_a, LIMITER_LIFE, 1, LIMITER_ALONE, 4 * SECOND + 1000), ==,
                     15);
}

static void test_usages_are_bounded(void)
{
    g_autoptr(Limiter) limiter = limiter_new(10, 20);
    char name[32];

    for (guint i = 0; i < LIMITER_USAGES_MAX + 1000; i++) {
        g_snprintf(name, sizeof(name), "uid %u", i);
        limiter_group(limiter, name, LIMITER_MALFORMED, SECOND);
    }
    g_assert_cmpuint(limiter_usages(limiter), <=, LIMITER_USAGES_MAX + 1);
    /* The latest are those that are remembered. */
    g_assert_cmpuint(group_may(limiter, name, LIMITER_CONNECT, SECOND), ==, 32768 - 64);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/token-bucket/holds-a-burst", test_burst);
    g_test_add_func("/manager/token-bucket/fills-at-its-rate", test_fills_at_its_rate);
    g_test_add_func("/manager/token-bucket/never-above-the-burst", test_never_above_the_burst);
    g_test_add_func("/manager/token-bucket/time-that-goes-back", test_time_that_goes_back);
    g_test_add_func("/manager/token-bucket/full-when-the-clock-begins",
                    test_first_moments_of_a_clock);
    g_test_add_func("/manager/token-bucket/costs", test_costs);
    g_test_add_func("/manager/limiter/each-vm-has-its-own", test_each_vm_its_own);
    g_test_add_func("/manager/limiter/by-weight", test_weight);
    g_test_add_func("/manager/limiter/none-where-the-rate-is-0", test_no_limit);
    g_test_add_func("/manager/limiter/births", test_births);
    g_test_add_func("/manager/limiter/every-kind-has-its-limit", test_every_kind_has_its_limit);
    g_test_add_func("/manager/limiter/quotes-and-reads-have-one-share",
                    test_quotes_and_reads_have_one_share);
    g_test_add_func("/manager/limiter/groups-have-a-door-each", test_groups_have_a_door_each);
    g_test_add_func("/manager/limiter/malformed-packets-shut-the-door",
                    test_malformed_packets_shut_the_door);
    g_test_add_func("/manager/limiter/usages-end", test_usages_end);
    g_test_add_func("/manager/limiter/usages-are-bounded", test_usages_are_bounded);
    return g_test_run();
}
