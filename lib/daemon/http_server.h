/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP server for pages that are made at once, on a Unix socket or on the loopback addresses.
 * Never blocks; the number of connections, and what each may send and how long it may take, are
 * bounded. Each connection has one request.
 */
#ifndef DAEMON_HTTP_SERVER_H
#define DAEMON_HTTP_SERVER_H

#include "daemon/http.h"
#include "daemon/listen_address.h"
#include "daemon/poller.h"

typedef struct HttpServer HttpServer;

/**
 * HttpHandler: answers a request.
 * @request: borrowed; %NULL: what arrived is malformed, or longer than HTTP_HEAD_MAX
 *
 * Returns: (transfer full): a whole response, as http_response() makes it.
 */
typedef GBytes *(*HttpHandler)(const HttpRequest *request, void *data);

/**
 * http_server_new:
 * @context, @poller: borrowed, outlive the server
 *
 * Errors: G_IO_ERROR where it cannot listen.
 */
HttpServer *http_server_new(GMainContext *context, Poller *poller, const ListenAddress *address,
                            HttpHandler handler, void *data, GError **error);

/** http_server_free: closes everything and removes the socket's file. */
void http_server_free(HttpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpServer, http_server_free)

/** http_server_port: of TCP, also where one was chosen; 0 for a Unix socket. */
uint16_t http_server_port(const HttpServer *server);

#endif
