/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/uid_counts.h"

struct UidCounts {
    GHashTable *count; /* uid -> number, both in the pointer itself; no entry: 0 */
};

UidCounts *uid_counts_new(void)
{
    UidCounts *counts = g_new0(UidCounts, 1);

    counts->count = g_hash_table_new(NULL, NULL);
    return counts;
}

void uid_counts_free(UidCounts *counts)
{
    if (counts) {
        g_hash_table_unref(counts->count);
        g_free(counts);
    }
}

void uid_counts_add(UidCounts *counts, uid_t uid)
{
    guint n = uid_counts_get(counts, uid) + 1;

    g_hash_table_replace(counts->count, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(n));
}

void uid_counts_remove(UidCounts *counts, uid_t uid)
{
    guint n = uid_counts_get(counts, uid);

    g_return_if_fail(n > 0);
    if (n == 1) {
        g_hash_table_remove(counts->count, GUINT_TO_POINTER(uid));
    } else {
        g_hash_table_replace(counts->count, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(n - 1));
    }
}

guint uid_counts_get(const UidCounts *counts, uid_t uid)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(counts->count, GUINT_TO_POINTER(uid)));
}

guint uid_counts_users(const UidCounts *counts)
{
    return g_hash_table_size(counts->count);
}
