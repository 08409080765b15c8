/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listening socket and those who are connected by it. */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include "poller.h"

/** Embedded, first, in what listens; all zeros before listener_start(). */
typedef struct Listener {
    PollerWatch watch; /* first */
    Poller *poller;
    int spare;               /* a descriptor to give up where there is no other; -1: gone */
    gboolean full_logged;    /* since the last connection that was accepted */
    GHashTable *connections; /* set of PollerWatch, of those who want to be found by it */
} Listener;

/**
 * listener_start: calls @ready while there is somebody to accept.
 * @poller: borrowed until listener_stop()
 * @fd: taken over, a non-blocking listening socket
 *
 * Errors: G_IO_ERROR; listener_clear() is to be called all the same.
 */
gboolean listener_start(Listener *listener, Poller *poller, int fd, PollerReady ready,
                        GError **error);

/**
 * listener_accept: a non-blocking connection, the caller's to close; -1: none now.
 *
 * Where the process has no descriptor left, one who waits is turned away, so that none waits for
 * ever and the listener does not stay ready.
 */
int listener_accept(Listener *listener);

/** listener_stop: listens no more, and takes all connections from the poller. Again: nothing. */
void listener_stop(Listener *listener);

/** listener_clear: stops, and closes all connections by @close, which removes each from the set. */
void listener_clear(Listener *listener, void (*close_one)(PollerWatch *connection));

#endif
