/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that speak for no VM yet, by the group of processes that made them. They have a while
 * to say who they are; where there are too many, the oldest has to go, first of its own group. So
 * silent ones keep nobody out who says HELLO at once.
 */
#ifndef VTPM_MANAGER_VTPM_STRANGERS_H
#define VTPM_MANAGER_VTPM_STRANGERS_H

#include "daemon/deadlines.h"

enum {
    STRANGERS_MAX = 8192,
    STRANGERS_OF_GROUP = 1024,
    STRANGERS_PATIENCE_S = 30,
};

typedef struct Strangers Strangers;

/** All zero where it is none; embedded in the connection. */
typedef struct Stranger {
    Deadline patience; /* first */
    Strangers *strangers;
    struct StrangerGroup *group; /* NULL: it is no stranger */
    GList of_all, of_group;      /* their data is the stranger */
    void *connection;
} Stranger;

/** StrangerOut: @connection is no stranger any more, and has to go. */
typedef void (*StrangerOut)(void *connection);

Strangers *strangers_new(GMainContext *context, StrangerOut out);

/** strangers_free: there may be none any more. */
void strangers_free(Strangers *strangers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Strangers, strangers_free)

/**
 * strangers_add: one more; another one may be out for it.
 * @group: as peer_group() names it
 */
void strangers_add(Strangers *strangers, Stranger *stranger, const char *group, void *connection);

/** strangers_remove: does nothing where it is none. */
void strangers_remove(Stranger *stranger);

/** strangers_out_oldest: %FALSE: there is none. */
gboolean strangers_out_oldest(Strangers *strangers);

guint strangers_count(const Strangers *strangers);

/** strangers_groups: groups that have any. */
guint strangers_groups(const Strangers *strangers);

#endif
