/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which program has a device that takes one at a time. */
#ifndef TOOLS_GUEST12_HOLDER_H
#define TOOLS_GUEST12_HOLDER_H

#include <glib.h>
#include <stdint.h>

/**
 * holder_find:
 * @proc: /proc, or a folder like it
 * @ret_pid: of the first process that has @path open
 *
 * Returns: (transfer full) (nullable): its name as the kernel has it; NULL where none was found, as
 * for users who may not look.
 */
char *holder_find(const char *proc, const char *path, int64_t *ret_pid);

/** holder_advice: (transfer full): why @path cannot be opened now, and what to do. */
char *holder_advice(const char *path);

#endif
