/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite's file system with failures put in: opens, writes, truncations, syncs and shared memory.
 */
#ifndef TEST_FAILING_VFS_H
#define TEST_FAILING_VFS_H

#include <glib.h>

/** failing_vfs_install: for all files that are opened from now on. */
void failing_vfs_install(void);

/**
 * failing_vfs_arm: the call after @calls more fails, and those after it where @stays is set, as on
 * a full disk.
 */
void failing_vfs_arm(int calls, gboolean stays);

/** failing_vfs_disarm: all works again. Returns: how many calls have failed. */
int failing_vfs_disarm(void);

#endif
