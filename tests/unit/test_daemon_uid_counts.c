/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/uid_counts.h"

static void test_each_user_has_its_own(void)
{
    g_autoptr(UidCounts) counts = uid_counts_new();

    for (guint i = 0; i < 3; i++) {
        uid_counts_add(counts, 0);
        uid_counts_add(counts, 4294967294u);
    }
    uid_counts_remove(counts, 0);
    g_assert_cmpuint(uid_counts_get(counts, 0), ==, 2);
    g_assert_cmpuint(uid_counts_get(counts, 4294967294u), ==, 3);
    g_assert_cmpuint(uid_counts_get(counts, 1), ==, 0);
}

static void test_who_has_none_takes_no_room(void)
{
    g_autoptr(UidCounts) counts = uid_counts_new();

    for (uid_t uid = 0; uid < 100; uid++) {
        uid_counts_add(counts, uid);
    }
    g_assert_cmpuint(uid_counts_users(counts), ==, 100);
    for (uid_t uid = 0; uid < 100; uid++) {
        uid_counts_remove(counts, uid);
        g_assert_cmpuint(uid_counts_get(counts, uid), ==, 0);
    }
    g_assert_cmpuint(uid_counts_users(counts), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/uid-counts/each-user-has-its-own", test_each_user_has_its_own);
    g_test_add_func("/daemon/uid-counts/who-has-none-takes-no-room",
                    test_who_has_none_takes_no_room);
    return g_test_run();
}
