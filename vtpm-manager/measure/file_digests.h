/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 of files, remembered by device, inode, change time and size: the vTPMs of a host run the
 * same few files. Used by one thread.
 */
#ifndef VTPM_MANAGER_MEASURE_FILE_DIGESTS_H
#define VTPM_MANAGER_MEASURE_FILE_DIGESTS_H

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/deepquote-constants.h"

typedef struct FileDigests FileDigests;

/**
 * file_digests_new:
 * @max: how many are remembered; beyond it the one unused for longest goes
 * @at_once: how many bytes are read from one file_digests_begin() to the next
 */
FileDigests *file_digests_new(guint max, off_t at_once);

/** file_digests_begin: what was read counts no more; what is remembered does not count at all. */
void file_digests_begin(FileDigests *digests);
void file_digests_free(FileDigests *digests);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FileDigests, file_digests_free)

/**
 * file_digests_get:
 * @fd: a regular file, open for reading; its offset is not used
 * @name: for messages
 *
 * A file that changed within the last two seconds is not remembered: its next change might not be
 * seen by its change time.
 *
 * Errors: G_FILE_ERROR; also where the file changes while it is read.
 */
gboolean file_digests_get(FileDigests *digests, int fd, const char *name,
                          uint8_t ret[DEEPQUOTE_HASH_SIZE], GError **error);

/** file_digests_read: files that were read so far, and not remembered. */
uint64_t file_digests_read(const FileDigests *digests);

#endif
