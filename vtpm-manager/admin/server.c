/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/server.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/listener.h"
#include "daemon/unix_socket.h"

enum {
    CONNECTIONS_MAX = 64,
    LINE_MAX_BYTES = 9 << 20, /* an escrow is the longest that there is */
    SEND_TIMEOUT_S = 5,
};

struct AdminServer {
    Listener listener; /* first; its connections are all AdminConnection */
    Poller *poller;
    AdminHandler handler;
    void *data; /* the handler's */
};

struct AdminConnection {
    PollerWatch watch; /* first */
    AdminServer *server;
    uid_t uid;
    guint refs;
    gboolean open;
    gboolean working; /* lines are being worked off, further up the stack */
    gboolean busy;    /* a request is being worked on; the next line waits */
    GString *input;
    gsize searched; /* bytes of it in which there is no end of a line */
};

uid_t admin_connection_uid(const AdminConnection *connection)
{
    return connection->uid;
}

void admin_connection_hold(AdminConnection *connection)
{
    connection->refs++;
}

void admin_connection_release(AdminConnection *connection)
{
    if (--connection->refs == 0) {
        g_string_free(connection->input, TRUE);
        g_free(connection);
    }
}

static void close_connection(AdminConnection *connection)
{
    if (!connection->open) {
        return;
    }
    connection->open = FALSE;
    poller_remove(connection->server->poller, &connection->watch);
    close(connection->watch.fd);
    g_hash_table_remove(connection->server->listener.connections, connection);
    admin_connection_release(connection);
}

/* Blocks, bounded: only the administrator is at the other end. */
static gboolean send_all(int fd, const char *data, gsize size)
{
    int64_t deadline = g_get_monotonic_time() + SEND_TIMEOUT_S * G_USEC_PER_SEC;

    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        if (n > 0) {
            data += n;
            size -= (gsize)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            GPollFD wait = { .fd = fd, .events = G_IO_OUT };

            if (g_get_monotonic_time() >= deadline) {
                return FALSE;
            }
            g_poll(&wait, 1, 100);
        } else {
            return FALSE;
        }
    }
    return TRUE;
}

static void work_off(AdminConnection *connection);

void admin_connection_reply(AdminConnection *connection, JsonObject *answer)
{
    g_autoptr(JsonNode) node = json_node_alloc();
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;

    json_node_init_object(node, answer);
    json_object_unref(answer);
    if (!connection->open) {
        return;
    }
    text = json_to_string(node, FALSE);
    line = g_strconcat(text, "\n", NULL);
    connection->busy = FALSE;
    if (!send_all(connection->watch.fd, line, strlen(line))) {
        close_connection(connection);
        return;
    }
    work_off(connection);
}

void admin_connection_fail(AdminConnection *connection, const char *message)
{
    JsonObject *answer = json_object_new();

    json_object_set_boolean_member(answer, "ok", FALSE);
    json_object_set_string_member(answer, "error", message);
    admin_connection_reply(connection, answer);
}

static void handle_line(AdminConnection *connection, const char *line)
{
    AdminServer *server = connection->server;
    g_autoptr(JsonNode) node = json_from_string(line, NULL);

    connection->busy = TRUE;
    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        admin_connection_fail(connection, "a request is one JSON object on one line");
        return;
    }
    server->handler(connection, json_node_get_object(node), server->data);
}

/* Handles whole lines, as long as none of them is still being worked on. */
static void work_off(AdminConnection *connection)
{
    if (connection->working) {
        return;
    }
    connection->working = TRUE;
    admin_connection_hold(connection);
    while (connection->open && !connection->busy) {
        char *end = memchr(connection->input->str + connection->searched, '\n',
                           connection->input->len - connection->searched);
        g_autofree char *line = NULL;

        if (!end) {
            connection->searched = connection->input->len;
            break;
        }
        line = g_strndup(connection->input->str, (gsize)(end - connection->input->str));
        g_string_erase(connection->input, 0, end - connection->input->str + 1);
        connection->searched = 0;
        handle_line(connection, line);
    }
    connection->working = FALSE;
    admin_connection_release(connection);
}

static void connection_ready(PollerWatch *watch, G_GNUC_UNUSED uint32_t events)
{
    AdminConnection *connection = (AdminConnection *)watch;
    char buf[4096];
    ssize_t n = recv(watch->fd, buf, sizeof(buf), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        close_connection(connection);
        return;
    }
    g_string_append_len(connection->input, buf, n);
    if (connection->input->len > LINE_MAX_BYTES) {
        close_connection(connection);
        return;
    }
    work_off(connection);
}

static gboolean is_administrator(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

static void listener_ready(PollerWatch *watch, G_GNUC_UNUSED uint32_t events)
{
    AdminServer *server = (AdminServer *)watch;
    AdminConnection *connection;
    UnixPeer peer;
    int fd = listener_accept(&server->listener);

    if (fd < 0) {
        return;
    }
    if (!unix_socket_peer(fd, &peer) || !is_administrator(peer.uid) ||
        g_hash_table_size(server->listener.connections) >= CONNECTIONS_MAX) {
        close(fd);
        return;
    }
    connection = g_new0(AdminConnection, 1);
    connection->server = server;
    connection->uid = peer.uid;
    connection->refs = 1;
    connection->open = TRUE;
    connection->input = g_string_new(NULL);
    if (!poller_add(server->poller, &connection->watch, fd, connection_ready)) {
        close(fd);
        g_string_free(connection->input, TRUE);
        g_free(connection);
        return;
    }
    g_hash_table_add(server->listener.connections, connection);
}

AdminServer *admin_server_new(Poller *poller, int listener, AdminHandler handler, void *data,
                              GError **error)
{
    AdminServer *server = g_new0(AdminServer, 1);

    server->poller = poller;
    server->handler = handler;
    server->data = data;
    if (!listener_start(&server->listener, poller, listener, listener_ready, error)) {
        admin_server_free(server);
        return NULL;
    }
    return server;
}

void admin_server_stop(AdminServer *server)
{
    listener_stop(&server->listener);
}

static void close_one(PollerWatch *connection)
{
    close_connection((AdminConnection *)connection);
}

void admin_server_free(AdminServer *server)
{
    if (!server) {
        return;
    }
    listener_clear(&server->listener, close_one);
    g_free(server);
}
