/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many of something each user has. */
#ifndef DAEMON_UID_COUNTS_H
#define DAEMON_UID_COUNTS_H

#include <glib.h>
#include <sys/types.h>

typedef struct UidCounts UidCounts;

UidCounts *uid_counts_new(void);
void uid_counts_free(UidCounts *counts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UidCounts, uid_counts_free)

void uid_counts_add(UidCounts *counts, uid_t uid);

/** uid_counts_remove: @uid must have one. */
void uid_counts_remove(UidCounts *counts, uid_t uid);

guint uid_counts_get(const UidCounts *counts, uid_t uid);

/** uid_counts_users: users that have any. */
guint uid_counts_users(const UidCounts *counts);

#endif
