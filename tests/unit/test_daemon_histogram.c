/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/histogram.h"

static void test_small_values_are_exact(void)
{
    Histogram h = { 0 };

    for (uint64_t i = 0; i < 16; i++) {
        histogram_add(&h, i);
    }
    for (uint64_t i = 0; i < 16; i++) {
        g_assert_cmpuint(histogram_at_most(&h, i), ==, i + 1);
        g_assert_cmpuint(histogram_quantile(&h, (double)(i + 1) / 16), ==, i);
    }
}

static void test_quantiles_are_close(void)
{
    for (uint64_t value = 1; value < G_MAXUINT64 / 3; value = value * 3 + 1) {
        Histogram h = { 0 };
        uint64_t found;

        histogram_add(&h, value);
        histogram_add(&h, G_MAXUINT64);
        found = histogram_quantile(&h, 0.5);
        g_assert_cmpuint(found, >=, value);
        g_assert_cmpuint(found - value, <=, value / 8);
    }
}

static void test_quantile_is_not_above_the_greatest(void)
{
    Histogram h = { 0 };

    g_assert_cmpuint(histogram_quantile(&h, 0.99), ==, 0);
    histogram_add(&h, 1000);
    g_assert_cmpuint(histogram_quantile(&h, 0), ==, 1000);
    g_assert_cmpuint(histogram_quantile(&h, 1), ==, 1000);
    histogram_add(&h, G_MAXUINT64);
    g_assert_cmpuint(histogram_quantile(&h, 1), ==, G_MAXUINT64);
    g_assert_cmpuint(h.count, ==, 2);
}

static void test_bounds_below_powers_of_two_are_exact(void)
{
    Histogram h = { 0 };

    for (uint64_t i = 1; i <= 5000; i++) {
        histogram_add(&h, i);
    }
    g_assert_cmpuint(h.sum, ==, 5000 * 5001 / 2);
    for (uint64_t bound = 1; bound < 4096; bound = bound * 2 + 1) {
        g_assert_cmpuint(histogram_at_most(&h, bound), ==, bound);
    }
    g_assert_cmpuint(histogram_at_most(&h, G_MAXUINT64), ==, 5000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/histogram/small-values-are-exact", test_small_values_are_exact);
    g_test_add_func("/daemon/histogram/quantiles-are-close", test_quantiles_are_close);
    g_test_add_func("/daemon/histogram/quantile-is-not-above-the-greatest",
                    test_quantile_is_not_above_the_greatest);
    g_test_add_func("/daemon/histogram/bounds-below-powers-of-two-are-exact",
                    test_bounds_below_powers_of_two_are_exact);
    return g_test_run();
}
