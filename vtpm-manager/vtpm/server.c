/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/server.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/listener.h"
#include "daemon/uid_counts.h"

enum {
    CONNECTIONS_MAX = 16384,
    UNWELCOMED_MAX = 1024, /* of one uid: who has not said who it is, or was refused */
    PATIENCE_S = 30,       /* for becoming welcomed */
    ACCEPTS_AT_ONCE = 16,  /* then others have their turn */
};

struct VtpmServer {
    Listener listener; /* first; its connections are all VtpmConnection */
    GMainContext *context;
    Poller *poller;
    const VtpmHandlers *handlers;
    void *data;            /* theirs */
    GHashTable *live;      /* uuid -> VtpmConnection */
    UidCounts *unwelcomed; /* connections */
    gboolean full_logged;
    uint8_t packet[MANAGER_MESSAGE_MAX + 1]; /* one byte more shows a packet that is too long */
};

struct VtpmConnection {
    PollerWatch watch; /* first */
    VtpmServer *server;
    UnixPeer peer;
    gboolean welcomed; /* @hello is set, and this is the VM's one live connection */
    ManagerHello hello;
    GSource *patience; /* closes a connection that does not become welcomed */
    gboolean prepared; /* its next QUOTE was let through by PREPARE */
    void *pending;     /* a request that is answered later; NULL: none */
};

static VtpmConnection *live_connection(const VtpmServer *server, const WireUuid *uuid)
{
    return g_hash_table_lookup(server->live, uuid);
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
        g_warning("closing the connection of process %d, uid %u: %s", (int)connection->peer.pid,
                  connection->peer.uid, why);
    }
    if (connection->pending) {
        server->handlers->abandon(connection->pending);
    }
    if (connection->welcomed && live_connection(server, &connection->hello.uuid) == connection) {
        g_hash_table_remove(server->live, &connection->hello.uuid);
    }
    if (!connection->welcomed) {
        uid_counts_remove(server->unwelcomed, connection->peer.uid);
    }
    forget_patience(connection);
    poller_remove(server->poller, &connection->watch);
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

    connection->pending = NULL;
    if (!wire_put_manager_message(&w, &message)) {
        vtpm_connection_close(connection, "the reply to it does not fit a packet");
        return;
    }
    /* One packet is all that a vTPM waits for, so a full socket means that it does not read. */
    if (send(connection->watch.fd, buf, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)w.len) {
        vtpm_connection_close(connection, errno == EPIPE ? NULL : "it does not take its reply");
    }
}

/* To a vTPM of another version, which cannot be spoken with. */
static void tell_version(VtpmConnection *connection, uint32_t id)
{
    const ManagerMessage message = { .type = MANAGER_OTHER_VERSION, .id = id };
    uint8_t buf[MANAGER_MESSAGE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    if (wire_put_manager_message(&w, &message)) {
        send(connection->watch.fd, buf, w.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    vtpm_connection_close(connection, "its swtpm-deepquote speaks another version of the protocol; "
                                      "install both of one version and restart the VM");
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
    if (wire_is_other_manager_version((WireBytes){ server->packet, (size_t)n }, &message.id)) {
        tell_version(connection, message.id);
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
    if (connection->pending) {
        vtpm_connection_close(connection, "it sent a request before the last one was answered");
        return;
    }
    server->handlers->request(connection, &message, server->data);
}

static gboolean out_of_patience(gpointer data)
{
    VtpmConnection *connection = data;

    g_debug("process %d, uid %u: no accepted HELLO in time", (int)connection->peer.pid,
            connection->peer.uid);
    vtpm_connection_close(connection, NULL);
    return G_SOURCE_REMOVE;
}

static void add_connection(VtpmServer *server, int fd, const UnixPeer *peer)
{
    VtpmConnection *connection = g_new0(VtpmConnection, 1);

    connection->server = server;
    connection->peer = *peer;
    if (!poller_add(server->poller, &connection->watch, fd, connection_ready)) {
        close(fd);
        g_free(connection);
        return;
    }
    connection->patience = g_timeout_source_new_seconds(PATIENCE_S);
    g_source_set_callback(connection->patience, out_of_patience, connection, NULL);
    g_source_attach(connection->patience, server->context);
    g_hash_table_add(server->listener.connections, connection);
    uid_counts_add(server->unwelcomed, peer->uid);
}

static void listener_ready(PollerWatch *watch, G_GNUC_UNUSED uint32_t events)
{
    VtpmServer *server = (VtpmServer *)watch;

    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        UnixPeer peer;
        int fd = listener_accept(&server->listener);

        if (fd < 0) {
            return;
        }
        if (!unix_socket_peer(fd, &peer)) {
            close(fd);
            continue;
        }
        if (g_hash_table_size(server->listener.connections) >= CONNECTIONS_MAX ||
            uid_counts_get(server->unwelcomed, peer.uid) >= UNWELCOMED_MAX) {
            if (!server->full_logged) {
                g_warning("too many connections: uid %u is turned away; look for a process that "
                          "opens them without end",
                          peer.uid);
                server->full_logged = TRUE;
            }
            close(fd);
            continue;
        }
        add_connection(server, fd, &peer);
    }
}

VtpmServer *vtpm_server_new(GMainContext *context, Poller *poller, int listener,
                            const VtpmHandlers *handlers, void *data, GError **error)
{
    VtpmServer *server = g_new0(VtpmServer, 1);

    server->context = context;
    server->poller = poller;
    server->handlers = handlers;
    server->data = data;
    server->unwelcomed = uid_counts_new();
    server->live = g_hash_table_new(wire_uuid_hash, wire_uuid_equal);
    if (!listener_start(&server->listener, poller, listener, listener_ready, error)) {
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
    uid_counts_free(server->unwelcomed);
    g_free(server);
}

guint vtpm_server_connections(const VtpmServer *server)
{
    return g_hash_table_size(server->live);
}

gboolean vtpm_server_connected(const VtpmServer *server, const WireUuid *uuid)
{
    return live_connection(server, uuid) != NULL;
}

void vtpm_server_disconnect(VtpmServer *server, const WireUuid *uuid)
{
    VtpmConnection *connection = live_connection(server, uuid);

    if (connection) {
        vtpm_connection_close(connection, NULL);
    }
}

/* ---------------------------------------------------------------------------------- connections */

const UnixPeer *vtpm_connection_peer(const VtpmConnection *connection)
{
    return &connection->peer;
}

const ManagerHello *vtpm_connection_hello(const VtpmConnection *connection)
{
    return connection->welcomed ? &connection->hello : NULL;
}

const ManagerHello *vtpm_connection_rival(const VtpmConnection *connection, const WireUuid *uuid)
{
    const VtpmConnection *live = live_connection(connection->server, uuid);

    return live && live != connection ? &live->hello : NULL;
}

void vtpm_connection_welcome(VtpmConnection *connection, const ManagerHello *hello)
{
    if (vtpm_connection_rival(connection, &hello->uuid)) {
        vtpm_server_disconnect(connection->server, &hello->uuid);
    }
    if (!connection->welcomed) {
        uid_counts_remove(connection->server->unwelcomed, connection->peer.uid);
    }
    connection->welcomed = TRUE;
    connection->hello = *hello;
    connection->hello.ek_count = 0; /* they are borrowed from the packet */
    forget_patience(connection);
    g_hash_table_replace(connection->server->live, &connection->hello.uuid, connection);
}

gboolean vtpm_connection_set_prepared(VtpmConnection *connection, gboolean prepared)
{
    gboolean before = connection->prepared;

    connection->prepared = prepared;
    return before;
}

void vtpm_connection_wait(VtpmConnection *connection, void *pending)
{
    connection->pending = pending;
}
