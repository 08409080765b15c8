/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that the real VFS has opened gets a copy of its table of methods, in which some first
 * decide whether to fail.
 */
#include "failing_vfs.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <unistd.h>

#define TABLES_MAX 8
#define NO_DISK "/dev/shm"

typedef struct Table {
    const sqlite3_io_methods *real;
    sqlite3_io_methods ours;
} Table;

static Table tables[TABLES_MAX];
static sqlite3_vfs *real_vfs;
static gboolean armed, stays_failing, failed;
static int calls_left;

static gboolean fails(void)
{
    if (!armed || calls_left-- > 0) {
        return FALSE;
    }
    armed = stays_failing;
    calls_left = 0;
    failed = TRUE;
    return TRUE;
}

static const sqlite3_io_methods *real_of(sqlite3_file *file)
{
    for (gsize i = 0; i < TABLES_MAX; i++) {
        if (&tables[i].ours == file->pMethods) {
            return tables[i].real;
        }
    }
    g_assert_not_reached();
}

static int failing_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
    return fails() ? SQLITE_FULL : real_of(file)->xWrite(file, data, n, at);
}

static int failing_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails() ? SQLITE_IOERR_TRUNCATE : real_of(file)->xTruncate(file, size);
}

static int failing_sync(sqlite3_file *file, int flags)
{
    return fails() ? SQLITE_IOERR_FSYNC : real_of(file)->xSync(file, flags);
}

static int failing_shm_map(sqlite3_file *file, int page, int size, int extend,
                           void volatile **memory)
{
    return fails() ? SQLITE_IOERR_SHMMAP : real_of(file)->xShmMap(file, page, size, extend, memory);
}

static Table *table_for(const sqlite3_io_methods *real)
{
    for (gsize i = 0; i < TABLES_MAX; i++) {
        if (tables[i].real == real) {
            return &tables[i];
        }
        if (!tables[i].real) {
            tables[i].real = real;
            tables[i].ours = *real;
            tables[i].ours.xWrite = failing_write;
            tables[i].ours.xTruncate = failing_truncate;
            tables[i].ours.xSync = failing_sync;
            tables[i].ours.xShmMap = failing_shm_map;
            return &tables[i];
        }
    }
    g_assert_not_reached();
}

static int failing_open(G_GNUC_UNUSED sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                        int flags, int *ret_flags)
{
    int code;

    if (fails()) {
        file->pMethods = NULL;
        return SQLITE_CANTOPEN;
    }
    code = real_vfs->xOpen(real_vfs, name, file, flags, ret_flags);
    if (file->pMethods) {
        file->pMethods = &table_for(file->pMethods)->ours;
    }
    return code;
}

void failing_vfs_install(void)
{
    static sqlite3_vfs vfs;

    if (real_vfs) {
        return;
    }
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "failing";
    vfs.xOpen = failing_open;
    g_assert_cmpint(sqlite3_vfs_register(&vfs, 1), ==, SQLITE_OK);
    if (g_access(NO_DISK, W_OK) == 0) {
        g_setenv("TMPDIR", NO_DISK, TRUE);
    }
}

static void arm(int calls, gboolean stays)
{
    calls_left = calls;
    stays_failing = stays;
    failed = FALSE;
    armed = TRUE;
}

static void arm_once(int calls)
{
    arm(calls, FALSE);
}

static void arm_for_good(int calls)
{
    arm(calls, TRUE);
}

static gboolean disarm(void)
{
    armed = FALSE;
    return failed;
}

const TestFaults failing_disk = { arm_once, disarm };
const TestFaults full_disk = { arm_for_good, disarm };
