/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/metrics_server.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/listener.h"
#include "daemon/loopback_socket.h"
#include "admin/metrics.h"
#include "admin/metrics_http.h"
#include "daemon/unix_socket.h"
#include "vtpm/server.h"

enum {
    CONNECTIONS_MAX = 16,
    LISTENERS_MAX = 2,
    DEADLINE_S = 5,      /* for all of a connection */
    DRAIN_MAX = 1 << 20, /* bytes thrown away after the request */
};

typedef struct MetricsListener {
    Listener listener; /* first */
    MetricsServer *server;
} MetricsListener;

struct MetricsServer {
    Manager *manager;
    char *path; /* of the socket's file, ours to remove; NULL: TCP */
    MetricsListener listener[LISTENERS_MAX];
    guint listeners;
    GQueue connections; /* of MetricsConnection */
};

/* It is read from, then written to, then what it still sends is thrown away until it closes. */
typedef struct MetricsConnection {
    MetricsServer *server;
    GList link; /* its data is the connection */
    int fd;
    GSource *io;
    GSource *deadline;
    char head[METRICS_HTTP_HEAD_MAX];
    gsize head_len;
    GBytes *response; /* NULL: the request is not complete */
    gsize sent;
    gsize drained;
} MetricsConnection;

/* ------------------------------------------------------------------------------------ contents */

static guint64 cpu_us(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0;
    }
    return (guint64)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC +
           (guint64)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* In bytes; 0 where /proc does not tell. */
static guint64 resident_memory(void)
{
    g_autofree char *text = NULL;
    const char *second = NULL;

    if (g_file_get_contents("/proc/self/statm", &text, NULL, NULL)) {
        second = strchr(text, ' ');
    }
    return second ? g_ascii_strtoull(second + 1, NULL, 10) * (guint64)sysconf(_SC_PAGESIZE) : 0;
}

static char *current_text(Manager *manager)
{
    g_autoptr(GPtrArray) vms = registry_list(manager->registry);
    const MetricsSample sample = {
        .counts = quoter_counts(manager->quoter),
        .times = quoter_times(manager->quoter),
        .throttled = manager->throttled,
        .connected = vtpm_server_connections(manager->vtpms),
        .registered = vms->len,
        .simulated = manager->info->simulated,
        .failing = quoter_tpm_error(manager->quoter) != NULL,
        .started = manager->started,
        .cpu_us = cpu_us(),
        .resident = resident_memory(),
        .version = PROJECT_VERSION,
    };

    return metrics_text(&sample);
}

/* ---------------------------------------------------------------------------------- connections */

static void drop_source(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}

static void close_connection(MetricsConnection *connection)
{
    drop_source(&connection->io);
    drop_source(&connection->deadline);
    close(connection->fd);
    g_queue_unlink(&connection->server->connections, &connection->link);
    g_clear_pointer(&connection->response, g_bytes_unref);
    g_free(connection);
}

static void wait_for(MetricsConnection *connection, GIOCondition condition, GUnixFDSourceFunc ready)
{
    drop_source(&connection->io);
    connection->io = g_unix_fd_source_new(connection->fd, condition);
    g_source_set_callback(connection->io, G_SOURCE_FUNC(ready), connection, NULL);
    g_source_attach(connection->io, connection->server->manager->context);
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
    MetricsConnection *connection = data;
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
    MetricsConnection *connection = data;
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

/* 0: the request is not complete. */
static guint decide(const MetricsConnection *connection)
{
    HttpRequest request;

    switch (metrics_http_parse(connection->head, connection->head_len, &request)) {
    case HTTP_COMPLETE:
        return metrics_http_status(&request);
    case HTTP_INCOMPLETE:
        return connection->head_len < sizeof(connection->head) ? 0 : 400;
    case HTTP_MALFORMED:
        break;
    }
    return 400;
}

static void answer(MetricsConnection *connection, guint status)
{
    g_autofree char *text = status == 200 ? current_text(connection->server->manager) : NULL;

    connection->response = metrics_http_response(status, text);
    wait_for(connection, G_IO_OUT, write_ready);
}

static gboolean read_ready(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition,
                           gpointer data)
{
    MetricsConnection *connection = data;
    ssize_t n = recv(connection->fd, connection->head + connection->head_len,
                     sizeof(connection->head) - connection->head_len, MSG_DONTWAIT);
    guint status;

    if (is_later(n)) {
        return G_SOURCE_CONTINUE;
    }
    if (n <= 0) {
        close_connection(connection);
        return G_SOURCE_REMOVE;
    }
    connection->head_len += (gsize)n;
    status = decide(connection);
    if (status == 0) {
        return G_SOURCE_CONTINUE;
    }
    answer(connection, status);
    return G_SOURCE_REMOVE;
}

static void listener_ready(PollerWatch *watch, G_GNUC_UNUSED uint32_t events)
{
    MetricsListener *listener = (MetricsListener *)watch;
    MetricsServer *server = listener->server;
    int fd = listener_accept(&listener->listener);
    MetricsConnection *connection;

    if (fd < 0) {
        return;
    }
    if (g_queue_get_length(&server->connections) >= CONNECTIONS_MAX) {
        close(fd);
        return;
    }
    connection = g_new0(MetricsConnection, 1);
    connection->server = server;
    connection->fd = fd;
    connection->link.data = connection;
    g_queue_push_tail_link(&server->connections, &connection->link);
    connection->deadline = g_timeout_source_new_seconds(DEADLINE_S);
    g_source_set_callback(connection->deadline, deadline_passed, connection, NULL);
    g_source_attach(connection->deadline, server->manager->context);
    wait_for(connection, G_IO_IN, read_ready);
}

/* --------------------------------------------------------------------------------------- server */

/* Takes over @fd. */
static gboolean add_listener(MetricsServer *server, int fd, GError **error)
{
    MetricsListener *listener = &server->listener[server->listeners++];

    listener->server = server;
    return listener_start(&listener->listener, server->manager->poller, fd, listener_ready, error);
}

static gboolean listen_unix(MetricsServer *server, const MetricsAddress *address, GError **error)
{
    int fd = unix_socket_listen(address->path, SOCK_STREAM, address->mode, error);

    if (fd < 0) {
        return FALSE;
    }
    server->path = g_strdup(address->path);
    g_message("metrics at unix:%s", address->path);
    return add_listener(server, fd, error);
}

static gboolean listen_tcp(MetricsServer *server, guint16 port, GError **error)
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
    if (ok) {
        g_message("metrics at http://localhost:%u/metrics", sockets.port);
    }
    return ok;
}

MetricsServer *metrics_server_new(Manager *manager, const MetricsAddress *address, GError **error)
{
    MetricsServer *server = g_new0(MetricsServer, 1);

    server->manager = manager;
    g_queue_init(&server->connections);
    if (address->path ? !listen_unix(server, address, error)
                      : !listen_tcp(server, address->port, error)) {
        metrics_server_free(server);
        return NULL;
    }
    return server;
}

void metrics_server_free(MetricsServer *server)
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
