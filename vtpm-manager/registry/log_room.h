/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room for SQLite's write-ahead log. A commit that makes the file longer has the file system write
 * down that too, and takes twice the time on the disk. So the log gets its full length before
 * there are many.
 */
#ifndef VTPM_MANAGER_REGISTRY_LOG_ROOM_H
#define VTPM_MANAGER_REGISTRY_LOG_ROOM_H

#include <sqlite3.h>

/**
 * log_room_make: of a file in WAL mode that was read from. Where there is no room for all of it
 * none is taken, and commits are slower.
 */
void log_room_make(sqlite3 *sqlite);

#endif
