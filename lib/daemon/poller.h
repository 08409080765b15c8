/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many file descriptors behind one GSource: epoll, so that idle connections cost nothing. */
#ifndef DAEMON_POLLER_H
#define DAEMON_POLLER_H

#include <glib.h>
#include <stdint.h>

typedef struct PollerWatch PollerWatch;

/** PollerReady: @events are EPOLLIN and the like. May remove, and free, any watch. */
typedef void (*PollerReady)(PollerWatch *watch, uint32_t events);

/** Embedded in what it watches for. */
struct PollerWatch {
    int fd;
    PollerReady ready;
};

typedef struct Poller Poller;

/** poller_new: %NULL, with @error, where the system has no more file descriptors. */
Poller *poller_new(GMainContext *context, GError **error);
void poller_free(Poller *poller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Poller, poller_free)

/** poller_add: calls @ready while @fd is readable; @watch is borrowed until poller_remove(). */
gboolean poller_add(Poller *poller, PollerWatch *watch, int fd, PollerReady ready);
void poller_remove(Poller *poller, PollerWatch *watch);

#endif
