/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite's file system with failures put in: opens, writes, truncations, syncs and shared memory.
 */
#ifndef TEST_FAILING_VFS_H
#define TEST_FAILING_VFS_H

#include "faults.h"

/**
 * failing_vfs_install: for all files that are opened from now on. Folders that g_dir_make_tmp()
 * makes are in memory, where there is such a file system: tests of failures sync thousands of
 * times.
 */
void failing_vfs_install(void);

/** failing_disk: one call fails; full_disk: so do all that come after it. */
extern const TestFaults failing_disk, full_disk;

#endif
