/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening Unix sockets, and who is at the other end. */
#ifndef DAEMON_UNIX_SOCKET_H
#define DAEMON_UNIX_SOCKET_H

#include <glib.h>
#include <sys/types.h>

/**
 * unix_socket_listen:
 * @type: SOCK_STREAM or SOCK_SEQPACKET
 * @mode: of the socket's file, from its first moment on
 *
 * Replaces the file of a server that is no longer there, and refuses to replace any other.
 *
 * Returns: a non-blocking listening socket; -1 with @error (G_IO_ERROR).
 */
int unix_socket_listen(const char *path, int type, mode_t mode, GError **error);

/** Who is at the other end of a connection, as the kernel says. */
typedef struct UnixPeer {
    uid_t uid;
    pid_t pid;
} UnixPeer;

/** unix_socket_peer: who connected @fd. */
gboolean unix_socket_peer(int fd, UnixPeer *ret);

#endif
