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

    while (n < 1000 && token_bucket_take(bucket, r, now)) {
        n++;
    }
    return n;
}

static void test_burst(void)
{
    TokenBucket bucket = { 0 };

    g_assert_cmpuint(take_all(&bucket, &rate, 50 * SECOND), ==, 3);
    g_assert_false(token_bucket_take(&bucket, &rate, 50 * SECOND));
}

static void test_fills_at_its_rate(void)
{
    TokenBucket bucket = { 0 };
    int64_t now = 50 * SECOND;
    guint taken = 0;

    take_all(&bucket, &rate, now);
    for (int i = 0; i < 1000; i++) {
        now += SECOND / 100;
        taken += token_bucket_take(&bucket, &rate, now);
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

static guint ask(Limiter *limiter, const WireUuid *uuid, guint weight, int64_t now)
{
    guint n = 0;

    while (n < 1000 && limiter_request(limiter, uuid, weight, now)) {
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

    g_assert_cmpuint(ask(limiter, &vm_a, 1, SECOND), ==, 1000);
}

static void test_births(void)
{
    g_autoptr(Limiter) limiter = limiter_new(0, 1);
    guint n = 0;

    while (n < 1000 && limiter_life(limiter, &vm_a, SECOND)) {
        n++;
    }
    g_assert_cmpuint(n, ==, 16);
    g_assert_true(limiter_life(limiter, &vm_b, SECOND));
    g_assert_false(limiter_life(limiter, &vm_a, 4 * SECOND));
    g_assert_true(limiter_life(limiter, &vm_a, 7 * SECOND));
    g_assert_false(limiter_life(limiter, &vm_a, 8 * SECOND));
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
    g_test_add_func("/manager/limiter/each-vm-has-its-own", test_each_vm_its_own);
    g_test_add_func("/manager/limiter/by-weight", test_weight);
    g_test_add_func("/manager/limiter/none-where-the-rate-is-0", test_no_limit);
    g_test_add_func("/manager/limiter/births", test_births);
    return g_test_run();
}
