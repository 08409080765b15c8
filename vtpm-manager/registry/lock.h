/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One manager for one state directory. */
#ifndef VTPM_MANAGER_REGISTRY_LOCK_H
#define VTPM_MANAGER_REGISTRY_LOCK_H

#include <glib.h>

/**
 * state_lock_take:
 * @dir: made where it is missing, mode 0700
 *
 * Returns: a descriptor; the lock lasts until it is closed. -1 with @error (G_IO_ERROR, _BUSY
 * where another manager has it).
 */
int state_lock_take(const char *dir, GError **error);

#endif
