/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/log_room.h"

#include <stddef.h>

enum {
    CHUNK = 64 << 10,
    /* SQLite begins the log again at 1,000 pages of 4,120 bytes. */
    CHUNKS = 64,
};

/* SQLite takes zeros for the end of the log: they have no salt that fits. */
static int extend(sqlite3_file *log)
{
    static const unsigned char zeros[CHUNK];
    sqlite3_int64 size = 0;
    int rc = log->pMethods->xFileSize(log, &size);

    while (rc == SQLITE_OK && size < (sqlite3_int64)CHUNK * CHUNKS) {
        const int n = CHUNK - (int)(size % CHUNK);

        rc = log->pMethods->xWrite(log, zeros, n, size);
        size += n;
    }
    return rc == SQLITE_OK ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : rc;
}

void log_room_make(sqlite3 *sqlite)
{
    sqlite3_file *log = NULL;

    if (sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
        log && log->pMethods) {
        extend(log);
    }
}
