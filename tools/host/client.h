/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to the manager: its administration socket. */
#ifndef TOOLS_HOST_CLIENT_H
#define TOOLS_HOST_CLIENT_H

#include <glib.h>

/**
 * client_ask: (transfer full): the manager's answer to one request, both of them one line.
 * @socket: the path of its administration socket
 *
 * Errors: G_IO_ERROR.
 */
char *client_ask(const char *socket, const char *line, GError **error);

#endif
