/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening TCP sockets that only this host reaches. */
#ifndef DAEMON_LOOPBACK_SOCKET_H
#define DAEMON_LOOPBACK_SOCKET_H

#include <glib.h>
#include <stdint.h>

/** One for 127.0.0.1 and one for ::1; the latter is -1 where the host has no IPv6. */
typedef struct LoopbackSockets {
    int fd[2];
    uint16_t port;
} LoopbackSockets;

/**
 * loopback_socket_listen:
 * @port: 0 chooses one that both addresses have free
 *
 * The sockets are non-blocking, the caller's to close.
 *
 * Errors: G_IO_ERROR; nothing is left open.
 */
gboolean loopback_socket_listen(uint16_t port, LoopbackSockets *ret, GError **error);

#endif
