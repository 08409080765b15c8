/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that say nothing: who has to go for whom. */
#include "vtpm/strangers.h"

static GPtrArray *gone; /* connections, in order */

static void out(void *connection)
{
    g_ptr_array_add(gone, connection);
}

static Strangers *start(void)
{
    g_ptr_array_set_size(gone, 0);
    return strangers_new(NULL, out);
}

static void add(Strangers *strangers, Stranger *all, guint first, guint count, const char *group)
{
    for (guint i = first; i < first + count; i++) {
        strangers_add(strangers, &all[i], group, &all[i]);
    }
}

static void remove_all(Stranger *all, guint count)
{
    for (guint i = 0; i < count; i++) {
        strangers_remove(&all[i]);
    }
}

static void test_oldest_of_a_group_goes(void)
{
    g_autoptr(Strangers) strangers = start();
    g_autofree Stranger *all = g_new0(Stranger, STRANGERS_OF_GROUP + 3);

    add(strangers, all, 0, 1, "cgroup /b");
    add(strangers, all, 1, STRANGERS_OF_GROUP, "cgroup /a");
    g_assert_cmpuint(gone->len, ==, 0);
    add(strangers, all, STRANGERS_OF_GROUP + 1, 2, "cgroup /a");
    g_assert_cmpuint(gone->len, ==, 2);
    g_assert_true(gone->pdata[0] == &all[1]);
    g_assert_true(gone->pdata[1] == &all[2]);
    g_assert_cmpuint(strangers_groups(strangers), ==, 2);
    remove_all(all, STRANGERS_OF_GROUP + 3);
    g_assert_cmpuint(strangers_groups(strangers), ==, 0);
    g_assert_cmpuint(strangers_count(strangers), ==, 0);
}

static void test_oldest_of_all_goes(void)
{
    g_autoptr(Strangers) strangers = start();
    g_autofree Stranger *all = g_new0(Stranger, STRANGERS_MAX + 1);

    for (guint i = 0; i < STRANGERS_MAX; i += STRANGERS_OF_GROUP) {
        g_autofree char *group = g_strdup_printf("uid %u", i);

        add(strangers, all, i, STRANGERS_OF_GROUP, group);
    }
    g_assert_cmpuint(gone->len, ==, 0);
    add(strangers, all, STRANGERS_MAX, 1, "uid 1");
    g_assert_cmpuint(gone->len, ==, 1);
    g_assert_true(gone->pdata[0] == &all[0]);
    g_assert_cmpuint(strangers_count(strangers), ==, STRANGERS_MAX);
    g_assert_true(strangers_out_oldest(strangers));
    g_assert_true(gone->pdata[1] == &all[1]);
    remove_all(all, STRANGERS_MAX + 1);
    g_assert_false(strangers_out_oldest(strangers));
}

static void test_who_was_welcomed_stays(void)
{
    g_autoptr(Strangers) strangers = start();
    g_autofree Stranger *all = g_new0(Stranger, STRANGERS_OF_GROUP + 2);

    add(strangers, all, 0, STRANGERS_OF_GROUP, "uid 1");
    strangers_remove(&all[0]);
    strangers_remove(&all[0]);
    add(strangers, all, STRANGERS_OF_GROUP, 2, "uid 1");
    g_assert_cmpuint(gone->len, ==, 1);
    g_assert_true(gone->pdata[0] == &all[1]);
    remove_all(all, STRANGERS_OF_GROUP + 2);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    gone = g_ptr_array_new();
    g_test_add_func("/manager/strangers/oldest-of-a-group-goes", test_oldest_of_a_group_goes);
    g_test_add_func("/manager/strangers/oldest-of-all-goes", test_oldest_of_all_goes);
    g_test_add_func("/manager/strangers/who-was-welcomed-stays", test_who_was_welcomed_stays);
    status = g_test_run();
    g_ptr_array_unref(gone);
    return status;
}
