/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files as a process has them: at its paths, below its root, and among what it has open. */
#ifndef VTPM_MANAGER_MEASURE_PROCESS_FILES_H
#define VTPM_MANAGER_MEASURE_PROCESS_FILES_H

#include <glib.h>

/**
 * process_files_read: (transfer full): all of the file @name in the process's folder in /proc.
 * Errors: G_FILE_ERROR
 */
char *process_files_read(int dir, const char *name, gsize *ret_len, GError **error);

/**
 * process_files_open: the regular file at a path that the process has read.
 *
 * Returns: a descriptor; -1 with @error, also where it was changed after the process began: by its
 * change time.
 */
int process_files_open(int dir, const char *path, GError **error);

/**
 * process_files_open_held: the same of a file that the process has open.
 * @ret_fd: -1: the process may write to it, and it is what it is at any time
 */
gboolean process_files_open_held(int dir, const char *path, int *ret_fd, GError **error);

#endif
