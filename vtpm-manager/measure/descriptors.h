/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What another process has open, by copies of its descriptors. To list them takes the right to read
 * every file of the host; to copy them the right to trace the process.
 */
#ifndef VTPM_MANAGER_MEASURE_DESCRIPTORS_H
#define VTPM_MANAGER_MEASURE_DESCRIPTORS_H

#include <glib.h>

/** descriptors_open: the pidfd of the process whose folder in /proc is @dir; -1 with @error. */
int descriptors_open(int dir, GError **error);

/** descriptors_count: for how many the process has room now; -1 with @error: too many to look at.
 */
int descriptors_count(int dir, GError **error);

/**
 * descriptors_copy: a copy of one, to be closed soon: it keeps open what it is of.
 * Returns: -1 with errno: EBADF: there is none; EACCES: AppArmor keeps what it is of from us.
 */
int descriptors_copy(int pidfd, int number);

#endif
