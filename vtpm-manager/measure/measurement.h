/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What code a process runs: each file that it has mapped to be executed, with its digest. Looked at
 * once, by a thread of its own: files are large, and nobody else waits for them.
 */
#ifndef VTPM_MANAGER_MEASURE_MEASUREMENT_H
#define VTPM_MANAGER_MEASURE_MEASUREMENT_H

#include <glib.h>
#include <stdint.h>

typedef struct Measurer Measurer;

/** A look at one process; kept as long as its connection. */
typedef struct Measurement Measurement;

Measurer *measurer_new(void);

/** measurer_free: what has not begun is not looked at. */
void measurer_free(Measurer *measurer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Measurer, measurer_free)

/** measurer_start: @dir is taken over; -1: the process has ended. */
Measurement *measurer_start(Measurer *measurer, int dir);
void measurement_unref(Measurement *measurement);

/** measurement_ready: whether what follows can be asked for. */
gboolean measurement_ready(const Measurement *measurement);

/** measurement_parts: (nullable): the list; borrowed. */
GBytes *measurement_parts(const Measurement *measurement);

/** measurement_digest: of the list, DEEPQUOTE_HASH_SIZE bytes; only where there is one. */
const uint8_t *measurement_digest(const Measurement *measurement);

/** measurement_why: (transfer full) (nullable): why there is no list, the first time. */
char *measurement_why(Measurement *measurement);

#endif
