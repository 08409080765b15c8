/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of what processes run, made by a thread of its own: files are large, and nobody else waits
 * for them.
 */
#ifndef VTPM_MANAGER_MEASURE_MEASUREMENT_H
#define VTPM_MANAGER_MEASURE_MEASUREMENT_H

#include <glib.h>
#include <stdint.h>

#include "measure/file_digests.h"

typedef struct Measurer Measurer;

/** A look at one process; kept as long as its connection. */
typedef struct Measurement Measurement;

/** What is looked at, and how. */
typedef struct MeasureKind {
    /** By the thread. Returns: (transfer full): the list; %NULL with @error. */
    GBytes *(*look)(void *subject, FileDigests *digests, GError **error);
    /** Whether what was seen is still what there is; %NULL: for as long as the connection. */
    gboolean (*holds)(const void *subject);
    void (*free)(void *subject);
} MeasureKind;

Measurer *measurer_new(void);

/** measurer_free: what has not begun is not looked at. */
void measurer_free(Measurer *measurer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Measurer, measurer_free)

/**
 * measurer_start:
 * @subject: taken over
 * @why_not: (nullable): there is nothing to look at
 */
Measurement *measurer_start(Measurer *measurer, const MeasureKind *kind, void *subject,
                            const char *why_not);
void measurement_unref(Measurement *measurement);

/** measurement_ready: whether what follows can be asked for. */
gboolean measurement_ready(const Measurement *measurement);

/**
 * measurement_is_over: whether it is worth another look: what was seen is there no more, or nothing
 * could be told and that was a second ago.
 */
gboolean measurement_is_over(const Measurement *measurement);

/** measurement_parts: (nullable): the list; borrowed. */
GBytes *measurement_parts(const Measurement *measurement);

/** measurement_digest: of the list, DEEPQUOTE_HASH_SIZE bytes; only where there is one. */
const uint8_t *measurement_digest(const Measurement *measurement);

/** measurement_why: (nullable): why there is no list; borrowed. */
const char *measurement_why(const Measurement *measurement);

/** measurement_tell: whether nobody was told so far that there is no list, and why. */
gboolean measurement_tell(Measurement *measurement);

#endif
