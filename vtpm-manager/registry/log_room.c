/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/log_room.h"

#include <stddef.h>

enum {
    CHUNK = 64 << 10,
    /* SQLite begins the log again at 1,000 pages of 4,120 bytes. */
    CHUNKS = 64,
};

/* SQLite takes zeros for the end of the log: they have no salt that fits. */
static void extend(sqlite3_file *log)
{
    static const unsigned char zeros[CHUNK];
    sqlite3_int64 before = 0;
    int rc = log->pMethods->xFileSize(log, &before);
    sqlite3_int64 size = before;

    while (rc == SQLITE_OK && size < (sqlite3_int64)CHUNK * CHUNKS) {
        const int n = CHUNK - (int)(size % CHUNK);

        rc = log->pMethods->xWrite(log, zeros, n, size);
        size += n;
    }
    if (rc == SQLITE_OK) {
        log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    } else if (size > before) {
        log->pMethods->xTruncate(log, before); /* others need what room there is */
    }
}

void log_room_make(sqlite3 *sqlite)
{
    sqlite3_file *log = NULL;

    if (sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
        log && log->pMethods) {
        extend(log);
    }
}
