/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thousands of deadlines on one timer of the main loop. */
#ifndef DAEMON_DEADLINES_H
#define DAEMON_DEADLINES_H

#include <glib.h>
#include <stdint.h>

typedef struct Deadlines Deadlines;

/** A deadline that has been set; embedded in what it is for. */
typedef struct Deadline {
    GSequenceIter *place; /* NULL: not set */
    int64_t until;
} Deadline;

/** DeadlinePassed: @deadline is not set any more, and its memory may go. */
typedef void (*DeadlinePassed)(Deadline *deadline);

Deadlines *deadlines_new(GMainContext *context, DeadlinePassed passed);

/** deadlines_free: no deadline may be set. */
void deadlines_free(Deadlines *deadlines);

/** deadline_set: @until is in microseconds of monotonic time; @deadline must not be set. */
void deadline_set(Deadlines *deadlines, Deadline *deadline, int64_t until);

/** deadline_clear: does nothing where it is not set. */
void deadline_clear(Deadline *deadline);

#endif
