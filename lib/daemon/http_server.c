/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/http_server.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/listener.h"
#include "daemon/loopback_socket.h"
#include "daemon/unix_socket.h"

enum {
    CONNECTIONS_MAX = 16,
    LISTENERS_MAX = 2,
    DEADLINE_S = 5,      /* for all of a connection */
    DRAIN_MAX = 1 << 20, /* bytes thrown away after the request */
};

typedef struct HttpListener {
    Listener listener; /* first */
    HttpServer *server;
} HttpListener;

struct HttpServer {
    GMainContext *context;
    Poller *poller;
    HttpHandler handler;
    void *data;
    char *path;    /* of the socket's file, ours to remove; NULL: TCP */
    uint16_t port; /* 0: a Unix socket */
    HttpListener listener[LISTENERS_MAX];
    guint listeners;
    GQueue connections; /* of HttpConnection */
};

/* It is read from, then written to, then what it still sends is thrown away until it closes. */
typedef struct HttpConnection {
    HttpServer *server;
    GList link; /* its data is the connection */
    int fd;
    GSource *io;
    GSource *deadline;
    char head[HTTP_HEAD_MAX];
    gsize head_len;
    GBytes *response; /* NULL: the request is not complete */
    gsize sent;
    gsize drained;
} HttpConnection;

/* ---------------------------------------------------------------------------------- connections */

static void drop_source(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}

static void close_connection(HttpConnection *connection)
{
    drop_source(&connection->io);
    drop_source(&connection->deadline);
    close(connection->fd);
    g_queue_unlink(&connection->server->connections, &connection->link);
    g_clear_pointer(&connection->response, g_bytes_unref);
    g_free(connection);
}

static void wait_for(HttpConnection *connection, GIOCondition condition, GUnixFDSourceFunc ready)
{
    drop_source(&connection->io);
    connection->io = g_unix_fd_source_new(connection->fd, condition);
    g_source_set_callback(connection->io, G_SOURCE_FUNC(ready), connection, NULL);
    g_source_attach(connection->io, connection->server->context);
}

static gboolean deadline_passed(gpointer data)
{
    close_connection(data);
    return G_SOURCE_REMOVE;
}

static gboolean is_later(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Closing with bytes unread would make the peer lose the end of the response. */
static gboolean drain_ready(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition,
                            gpointer data)
{
    HttpConnection *connection = data;
    ssize_t n = recv(connection->fd, connection->head, sizeof(connection->head), MSG_DONTWAIT);

    if (is_later(n)) {
        return G_SOURCE_CONTINUE;
    }
    connection->drained += n > 0 ? (gsize)n : 0;
    if (n <= 0 || connection->drained > DRAIN_MAX) {
        close_connection(connection);
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

static gboolean write_ready(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition,
                            gpointer data)
{
    HttpConnection *connection = data;
    gsize size;
    const char *bytes = g_bytes_get_data(connection->response, &size);
    ssize_t n = send(connection->fd, bytes + connection->sent, size - connection->sent,
                     MSG_DONTWAIT | MSG_NOSIGNAL);

    if (is_later(n)) {
        return G_SOURCE_CONTINUE;
    }
    if (n < 0) {
        close_connection(connection);
        return G_SOURCE_REMOVE;
    }
    connection->sent += (gsize)n;
    if (connection->sent < size) {
        return G_SOURCE_CONTINUE;
    }
    shutdown(connection->fd, SHUT_WR);
    wait_for(connection, G_IO_IN, drain_ready);
    return G_SOURCE_REMOVE;
}

/* Answers what has arrived, if it is a whole request or cannot become one. */
static gboolean answer(HttpConnection *connection)
{
    HttpServer *server = connection->server;
    HttpRequest request;
    HttpParse parse = http_parse(connection->head, connection->head_len, &request);

    if (parse == HTTP_INCOMPLETE && connection->head_len < sizeof(connection->head)) {
        return FALSE;
    }
    connection->response = server->handler(parse == HTTP_COMPLETE ? &request : NULL, server->data);
    wait_for(connection, G_IO_OUT, write_ready);
    return TRUE;
}

static gboolean read_ready(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition,
                           gpointer data)
{
    HttpConnection *connection = data;
    ssize_t n = recv(connection->fd, connection->head + connection->head_len,
                     sizeof(connection->head) - connection->head_len, MSG_DONTWAIT);

    if (is_later(n)) {
        return G_SOURCE_CONTINUE;
    }
    if (n <= 0) {
        close_connection(connection);
        return G_SOURCE_REMOVE;
    }
    connection->head_len += (gsize)n;
    return answer(connection) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void listener_ready(PollerWatch *watch, G_GNUC_UNUSED uint32_t events)
{
    HttpListener *listener = (HttpListener *)watch;
    HttpServer *server = listener->server;
    int fd = listener_accept(&listener->listener);
    HttpConnection *connection;

    if (fd < 0) {
        return;
    }
    if (g_queue_get_length(&server->connections) >= CONNECTIONS_MAX) {
        close(fd);
        return;
    }
    connection = g_new0(HttpConnection, 1);
    connection->server = server;
    connection->fd = fd;
    connection->link.data = connection;
    g_queue_push_tail_link(&server->connections, &connection->link);
    connection->deadline = g_timeout_source_new_seconds(DEADLINE_S);
    g_source_set_callback(connection->deadline, deadline_passed, connection, NULL);
    g_source_attach(connection->deadline, server->context);
    wait_for(connection, G_IO_IN, read_ready);
}

/* --------------------------------------------------------------------------------------- server */

/* Takes over @fd. */
static gboolean add_listener(HttpServer *server, int fd, GError **error)
{
    HttpListener *listener = &server->listener[server->listeners++];

    listener->server = server;
    return listener_start(&listener->listener, server->poller, fd, listener_ready, error);
}

static gboolean listen_unix(HttpServer *server, const ListenAddress *address, GError **error)
{
    int fd = unix_socket_listen(address->path, SOCK_STREAM, address->mode, error);

    if (fd < 0) {
        return FALSE;
    }
    server->path = g_strdup(address->path);
    return add_listener(server, fd, error);
}

static gboolean listen_tcp(HttpServer *server, uint16_t port, GError **error)
{
    LoopbackSockets sockets;
    gboolean ok = TRUE;

    if (!loopback_socket_listen(port, &sockets, error)) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(sockets.fd); i++) {
        if (sockets.fd[i] >= 0 && ok) {
            ok = add_listener(server, sockets.fd[i], error);
        } else if (sockets.fd[i] >= 0) {
            close(sockets.fd[i]);
        }
    }
    server->port = sockets.port;
    return ok;
}

HttpServer *http_server_new(GMainContext *context, Poller *poller, const ListenAddress *address,
                            HttpHandler handler, void *data, GError **error)
{
    HttpServer *server = g_new0(HttpServer, 1);

    server->context = context;
    server->poller = poller;
    server->handler = handler;
    server->data = data;
    g_queue_init(&server->connections);
    if (address->path ? !listen_unix(server, address, error)
                      : !listen_tcp(server, address->port, error)) {
        http_server_free(server);
        return NULL;
    }
    return server;
}

uint16_t http_server_port(const HttpServer *server)
{
    return server->port;
}

void http_server_free(HttpServer *server)
{
    if (!server) {
        return;
    }
    while (!g_queue_is_empty(&server->connections)) {
        close_connection(g_queue_peek_head(&server->connections));
    }
    for (guint i = 0; i < server->listeners; i++) {
        listener_clear(&server->listener[i].listener, NULL);
    }
    if (server->path) {
        g_unlink(server->path);
    }
    g_free(server->path);
    g_free(server);
}
