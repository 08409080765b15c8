/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of swtpm's control channel, made before swtpm is there: who starts a VM may wait for
 * the socket for a second only, and the key of a state can take longer.
 */
#ifndef SWTPM_DEEPQUOTE_CONTROL_SOCKET_H
#define SWTPM_DEEPQUOTE_CONTROL_SOCKET_H

#include <limits.h>
#include <stdbool.h>

enum { CONTROL_VALUE_MAX = 64 };

/** A socket that listens. @fd: -1: there is none, and swtpm makes it */
typedef struct ControlSocket {
    int fd;
    char path[PATH_MAX];
    bool terminate; /* swtpm is to end with its connection */
} ControlSocket;

/**
 * control_socket_open: listens where the value of --ctrl says.
 *
 * Only for type=unixio with path, and perhaps mode and terminate. What else there is, and what
 * cannot be made, is left to swtpm, which says what is wrong with it: @ret->fd is then -1.
 */
void control_socket_open(const char *value, ControlSocket *ret);

/** control_socket_value: the value of --ctrl by which swtpm, which inherits the socket, gets it. */
bool control_socket_value(const ControlSocket *control, char ret[CONTROL_VALUE_MAX]);

/** control_socket_close: no swtpm will be there; nothing is left of the socket. */
void control_socket_close(ControlSocket *control);

#endif
