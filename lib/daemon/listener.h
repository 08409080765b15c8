/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listening socket and the connections that it has accepted. */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include "daemon/poller.h"

/** The first member of a server's struct; all zeros but make_room before listener_start(). */
typedef struct Listener {
    PollerWatch watch; /* first */
    Poller *poller;
    gboolean (*make_room)(struct Listener *listener); /* closes a connection; NULL: none can be */
    int spare;               /* closed to accept one more when no descriptor is left; -1: none */
    GHashTable *connections; /* set of PollerWatch; its server adds and removes them */
} Listener;

/**
 * listener_start: calls @ready while a connection waits to be accepted.
 * @poller: borrowed until listener_stop()
 * @fd: taken over, a non-blocking listening socket
 *
 * Errors: G_IO_ERROR; call listener_clear() in that case too.
 */
gboolean listener_start(Listener *listener, Poller *poller, int fd, PollerReady ready,
                        GError **error);

/**
 * listener_accept: a non-blocking connection, the caller's to close; -1: none now.
 *
 * When the process has no descriptor left, the connection is accepted with the spare one, and
 * closed at once where make_room() makes no room for it. Otherwise its peer would wait for ever,
 * and the socket would stay readable.
 */
int listener_accept(Listener *listener);

/** listener_stop: stops listening and watching the connections. May be called twice. */
void listener_stop(Listener *listener);

/** listener_clear: stops; @close_one closes each connection and removes it from the set. */
void listener_clear(Listener *listener, void (*close_one)(PollerWatch *connection));

#endif
