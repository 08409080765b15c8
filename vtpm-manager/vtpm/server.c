/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/server.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attest/deepquote.h"
#include "daemon/listener.h"
#include "daemon/unix_socket.h"

enum {
    CONNECTIONS_MAX = 16384,
    UNWELCOMED_MAX = 1024, /* of one uid: who has not said who it is, or was refused */
    PATIENCE_S = 30,       /* for becoming welcomed */
    ACCEPTS_AT_ONCE = 16,  /* then others have their turn */
};

struct VtpmServer {
    Listener listener; /* first; its connections are all VtpmConnection */
    Manager *manager;
    GHashTable *live; /* uuid -> VtpmConnection */
    gboolean full_logged;
    uint8_t packet[MANAGER_MESSAGE_MAX + 1]; /* one byte more shows a packet that is too long */
};

static guint uuid_hash(gconstpointer key)
{
    guint32 h;

    memcpy(&h, (const uint8_t *)key + 12, sizeof(h));
    return h;
}

static gboolean uuid_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DEEPQUOTE_UUID_SIZE) == 0;
}

static void forget_patience(VtpmConnection *connection)
{
    if (connection->patience) {
        g_source_destroy(connection->patience);
        g_clear_pointer(&connection->patience, g_source_unref);
    }
}

void vtpm_connection_close(VtpmConnection *connection, const char *why)
{
    VtpmServer *server = connection->server;

    if (why) {
        g_warning("closing the connection of process %d, uid %u: %s", (int)connection->pid,
                  connection->uid, why);
    }
    if (connection->request) {
        vtpm_session_abandon(connection->request);
    }
    if (connection->welcomed && g_hash_table_lookup(server->live, connection->uuid) == connection) {
        g_hash_table_remove(server->live, connection->uuid);
    }
    forget_patience(connection);
    poller_remove(server->manager->poller, &connection->watch);
    close(connection->watch.fd);
    g_hash_table_remove(server->listener.connections, connection);
    g_free(connection);
}

void vtpm_connection_reply(VtpmConnection *connection, ManagerMessageType type, uint32_t id,
                           const ManagerReply *reply)
{
    uint8_t buf[MANAGER_MESSAGE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    ManagerMessage message = { .type = type, .id = id, .reply = *reply };

    if (!wire_put_manager_message(&w, &message)) {
        vtpm_connection_close(connection, "the reply to it does not fit a packet");
        return;
    }
    /* One packet is all that a vTPM waits for, so a full socket means that it does not read. */
    if (send(connection->watch.fd, buf, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)w.len) {
        vtpm_connection_close(connection, errno == EPIPE ? NULL : "it does not take its reply");
    }
}

/* One packet at a time: whoever sends more waits for the next turn. */
static void connection_ready(PollerWatch *watch, G_GNUC_UNUSED uint32_t events)
{
    VtpmConnection *connection = (VtpmConnection *)watch;
    VtpmServer *server = connection->server;
    ManagerMessage message;
    ssize_t n = recv(connection->watch.fd, server->packet, sizeof(server->packet), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        vtpm_connection_close(connection, NULL);
        return;
    }
    if (!wire_decode_manager_message((WireBytes){ server->packet, (size_t)n }, &message)) {
        vtpm_connection_close(connection, "it sent a malformed message; check that swtpm-deepquote "
                                          "and vtpm-managerd are of one version");
        return;
    }
    if (message.type >= MANAGER_HELLO_REPLY) {
        vtpm_connection_close(connection, "it sent a reply");
        return;
    }
    if (connection->request) {
        vtpm_connection_close(connection, "it sent a request before the last one was answered");
        return;
    }
    vtpm_session_handle(connection, &message);
}

static gboolean out_of_patience(gpointer data)
{
    VtpmConnection *connection = data;

    g_debug("process %d, uid %u: no accepted HELLO in time", (int)connection->pid, connection->uid);
    vtpm_connection_close(connection, NULL);
    return G_SOURCE_REMOVE;
}

static guint unwelcomed_of(VtpmServer *server, uid_t uid)
{
    GHashTableIter iter;
    gpointer key;
    guint n = 0;

    if (g_hash_table_size(server->listener.connections) - g_hash_table_size(server->live) <
        UNWELCOMED_MAX) {
        return 0;
    }
    g_hash_table_iter_init(&iter, server->listener.connections);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        VtpmConnection *connection = key;

        n += !connection->welcomed && connection->uid == uid;
    }
    return n;
}

static void add_connection(VtpmServer *server, int fd, uid_t uid, pid_t pid)
{
    VtpmConnection *connection = g_new0(VtpmConnection, 1);

    connection->server = server;
    connection->manager = server->manager;
    connection->uid = uid;
    connection->pid = pid;
    if (!poller_add(server->manager->poller, &connection->watch, fd, connection_ready)) {
        close(fd);
        g_free(connection);
        return;
    }
    connection->patience = g_timeout_source_new_seconds(PATIENCE_S);
    g_source_set_callback(connection->patience, out_of_patience, connection, NULL);
    g_source_attach(connection->patience, server->manager->context);
    g_hash_table_add(server->listener.connections, connection);
}

static void listener_ready(PollerWatch *watch, G_GNUC_UNUSED uint32_t events)
{
    VtpmServer *server = (VtpmServer *)watch;

    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        uid_t uid;
        pid_t pid;
        int fd = listener_accept(&server->listener);

        if (fd < 0) {
            return;
        }
        if (!unix_socket_peer(fd, &uid, &pid)) {
            close(fd);
            continue;
        }
        if (g_hash_table_size(server->listener.connections) >= CONNECTIONS_MAX ||
            unwelcomed_of(server, uid) >= UNWELCOMED_MAX) {
            if (!server->full_logged) {
                g_warning("too many connections: uid %u is turned away; look for a process that "
                          "opens them without end",
                          uid);
                server->full_logged = TRUE;
            }
            close(fd);
            continue;
        }
        add_connection(server, fd, uid, pid);
    }
}

VtpmServer *vtpm_server_new(Manager *manager, int listener, GError **error)
{
    VtpmServer *server = g_new0(VtpmServer, 1);

    server->manager = manager;
    server->live = g_hash_table_new(uuid_hash, uuid_equal);
    if (!listener_start(&server->listener, manager->poller, listener, listener_ready, error)) {
        vtpm_server_free(server);
        return NULL;
    }
    return server;
}

void vtpm_server_stop(VtpmServer *server)
{
    listener_stop(&server->listener);
}

static void close_one(PollerWatch *connection)
{
    vtpm_connection_close((VtpmConnection *)connection, NULL);
}

void vtpm_server_free(VtpmServer *server)
{
    if (!server) {
        return;
    }
    listener_clear(&server->listener, close_one);
    g_hash_table_unref(server->live);
    g_free(server);
}

guint vtpm_server_connections(const VtpmServer *server)
{
    return g_hash_table_size(server->live);
}

VtpmConnection *vtpm_server_live(VtpmServer *server, const uint8_t *uuid)
{
    return g_hash_table_lookup(server->live, uuid);
}

void vtpm_server_welcome(VtpmServer *server, VtpmConnection *connection)
{
    VtpmConnection *old = vtpm_server_live(server, connection->uuid);

    if (old && old != connection) {
        vtpm_connection_close(old, NULL);
    }
    connection->welcomed = TRUE;
    forget_patience(connection);
    g_hash_table_replace(server->live, connection->uuid, connection);
}
