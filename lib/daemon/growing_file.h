/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that others append to, kept in memory and read on from where it was. A thread of GLib's
 * reads, so neither the size of the file nor what it lies on holds up the main loop. Made for the
 * logs of securityfs too, which have no size and are slow to seek in.
 */
#ifndef DAEMON_GROWING_FILE_H
#define DAEMON_GROWING_FILE_H

#include <gio/gio.h>
#include <stdint.h>

typedef struct GrowingFile GrowingFile;

/** Part of the file. */
typedef struct GrowingFilePage {
    gsize size;          /* of the whole file */
    const uint8_t *data; /* borrowed, during the call */
    gsize len;           /* 0 where the offset is at the end, or beyond */
} GrowingFilePage;

/** GrowingFileDone: @page is %NULL where the file cannot be read, and @error says why. */
typedef void (*GrowingFileDone)(void *data, const GrowingFilePage *page, const GError *error);

/**
 * growing_file_new:
 * @limit: bytes that are kept; a larger file is refused
 *
 * Reads nothing yet.
 */
GrowingFile *growing_file_new(const char *path, gsize limit);

/** growing_file_free: whoever still waits is told G_IO_ERROR_CANCELLED. */
void growing_file_free(GrowingFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GrowingFile, growing_file_free)

/**
 * growing_file_read:
 * @room: bytes of the page, at most
 * @done: called once, before this returns or from the thread-default main context
 *
 * What is in memory is answered from there. Before the first page of a file, and for one that
 * reaches beyond what is known, the rest of the file is read, at most ten times a second. A file
 * that was replaced or became shorter is read anew.
 *
 * Errors: G_FILE_ERROR; G_FILE_ERROR_NOENT where there is none.
 */
void growing_file_read(GrowingFile *file, gsize offset, gsize room, GrowingFileDone done,
                       void *data);

#endif
