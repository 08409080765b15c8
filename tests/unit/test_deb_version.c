/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Versions of packages in their order. That dpkg has the same order: integration/packages_profile.
 */
#include "appraise/deb-version.h"

#include <glib.h>

/* Each is before the next. */
static const char *const ordered[] = {
    "0~~",
    "0~~a",
    "0~",
    "0",
    "0.1",
    "0.1a",
    "0.1+b",
    "0.2",
    "0.10",
    "1-0~",
    "1",
    "1-0.1",
    "1-1",
    "1-1a",
    "1-1+b1",
    "1-1.1",
    "1-2",
    "1-10",
    "1+x",
    "1.0~rc1-1",
    "1.0-1",
    "1.0-1+deb12u1",
    "1.0-1+deb12u2",
    "1.0-1+deb12u10",
    "1.0a",
    "2-1-1",
    "2-1-2",
    "10",
    "99999999999999999999",
    "100000000000000000000",
    "1:0",
    "1:0-1",
    "2:0~",
    "10:0",
};

static void are_in_their_order(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(ordered); i++) {
        for (gsize k = 0; k < G_N_ELEMENTS(ordered); k++) {
            const int result = dq_deb_version_compare(ordered[i], ordered[k]);

            if ((result > 0) != (i > k) || (result < 0) != (i < k)) {
                g_error("%s and %s: %d", ordered[i], ordered[k], result);
            }
        }
    }
}

static void are_the_same_in_other_words(void)
{
    static const char *const same[][2] = {
        { "1.0", "1.00" }, { "1-0", "1" },    { "0:1", "1" }, { "00:01-00", "1" },
        { "", "0" },       { "1.0-", "1.0" }, { "a", "a0" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
        g_assert_cmpint(dq_deb_version_compare(same[i][0], same[i][1]), ==, 0);
        g_assert_cmpint(dq_deb_version_compare(same[i][1], same[i][0]), ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/deb-version/are-in-their-order", are_in_their_order);
    g_test_add_func("/deb-version/are-the-same-in-other-words", are_the_same_in_other_words);
    return g_test_run();
}
