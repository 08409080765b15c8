/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a user may write to a file. */
#ifndef DAEMON_FILE_ACCESS_H
#define DAEMON_FILE_ACCESS_H

#include <glib.h>
#include <sys/types.h>

/**
 * file_access_may_write: whether owner, groups, mode and access control list of the file at @path
 * let the user write to it. The folders above it are not looked at.
 *
 * Groups are those that the system knows for the user; a user it does not know has none.
 *
 * Returns: %FALSE also where there is no such file
 */
gboolean file_access_may_write(const char *path, uid_t uid);

#endif
