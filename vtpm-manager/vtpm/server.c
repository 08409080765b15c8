/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/server.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/listener.h"
#include "daemon/log_kind.h"
#include "vtpm/strangers.h"

enum {
    CONNECTIONS_MAX = 16384,
    ACCEPTS_AT_ONCE = 16, /* then others have their turn */
};

static LogKind closed = LOG_KIND("connections closed for what came over them");
static LogKind turned_away = LOG_KIND("connections turned away");

struct VtpmServer {
    Listener listener; /* first; its connections are all VtpmConnection */
    Poller *poller;
    Limiter *limiter;
    const VtpmHandlers *handlers;
    void *data;       /* theirs */
    GHashTable *live; /* uuid -> VtpmConnection */
    Strangers *strangers;
    Deadlines *later; /* of requests that were postponed */
    gsize packet_len;
    uint8_t packet[MANAGER_MESSAGE_MAX + 1]; /* one byte more shows a packet that is too long */
};

struct VtpmConnection {
    PollerWatch watch; /* first */
    Deadline later;
    GBytes *postponed; /* a request, until it is answered; NULL: none */
    VtpmServer *server;
    Peer peer;
    char *group;       /* of processes: a GRefString */
    Stranger stranger; /* until it is welcomed */
    gboolean welcomed; /* @hello is set, and this is the VM's one live connection */
    ManagerHello hello;
    gboolean prepared;             /* its next QUOTE was let through by PREPARE */
    Measurement *seen[VTPM_LOOKS]; /* NULL: nobody looked */
    void *pending;                 /* a request that is answered later; NULL: none */
};

static VtpmConnection *live_connection(const VtpmServer *server, const WireUuid *uuid)
{
    return g_hash_table_lookup(server->live, uuid);
}

void vtpm_connection_close(VtpmConnection *connection, const char *why)
{
    VtpmServer *server = connection->server;

    if (why) {
        log_kind_warn_of(&closed, connection->group,
                         "closing the connection of process %d, uid %u: %s",
                         (int)connection->peer.process.pid, connection->peer.process.uid, why);
    }
    if (connection->pending) {
        server->handlers->abandon(connection->pending);
    }
    if (connection->welcomed && live_connection(server, &connection->hello.uuid) == connection) {
        g_hash_table_remove(server->live, &connection->hello.uuid);
    }
    strangers_remove(&connection->stranger);
    deadline_clear(&connection->later);
    g_clear_pointer(&connection->postponed, g_bytes_unref);
    poller_remove(server->poller, &connection->watch);
    close(connection->watch.fd);
    g_hash_table_remove(server->listener.connections, connection);
    peer_clear(&connection->peer);
    for (gsize i = 0; i < VTPM_LOOKS; i++) {
        measurement_unref(connection->seen[i]);
    }
    g_ref_string_release(connection->group);
    g_free(connection);
}

void vtpm_connection_reply(VtpmConnection *connection, ManagerMessageType type, uint32_t id,
                           const ManagerReply *reply)
{
    uint8_t buf[MANAGER_MESSAGE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    ManagerMessage message = { .type = type, .id = id, .reply = *reply };

    connection->pending = NULL;
    g_clear_pointer(&connection->postponed, g_bytes_unref);
    if (!wire_put_manager_message(&w, &message)) {
        vtpm_connection_close(connection, "the reply to it does not fit a packet");
        return;
    }
    /* One packet is all that a vTPM waits for, so a full socket means that it does not read. */
    if (send(connection->watch.fd, buf, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)w.len) {
        vtpm_connection_close(connection, errno == EPIPE ? NULL : "it does not take its reply");
    }
    explicit_bzero(buf, w.len); /* it may have been a key */
}

/* What came over it is no request: that costs who sent it, and the connection ends. */
static void close_malformed(VtpmConnection *connection, const char *why)
{
    limiter_group(connection->server->limiter, connection->group, LIMITER_MALFORMED,
                  g_get_monotonic_time());
    vtpm_connection_close(connection, why);
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
    close_malformed(connection, "its swtpm-deepquote speaks another version of the protocol; "
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
        close_malformed(connection, "it sent a malformed message; check that swtpm-deepquote "
                                    "and vtpm-managerd are of one version");
        return;
    }
    if (message.type >= MANAGER_HELLO_REPLY) {
        close_malformed(connection, "it sent a reply");
        return;
    }
    if (connection->pending || connection->postponed) {
        close_malformed(connection, "it sent a request before the last one was answered");
        return;
    }
    server->packet_len = (gsize)n;
    server->handlers->request(connection, &message, server->data);
}

/* It was decoded before. */
static void request_again(Deadline *deadline)
{
    VtpmConnection *connection =
        (VtpmConnection *)((char *)deadline - G_STRUCT_OFFSET(VtpmConnection, later));
    VtpmServer *server = connection->server;
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(connection->postponed, &size);
    ManagerMessage message;

    if (wire_decode_manager_message((WireBytes){ bytes, size }, &message)) {
        server->handlers->request(connection, &message, server->data);
    }
}

static void put_out(void *data)
{
    VtpmConnection *connection = data;

    g_debug("process %d, uid %u: no accepted HELLO in time", (int)connection->peer.process.pid,
            connection->peer.process.uid);
    vtpm_connection_close(connection, NULL);
}

/* Takes over what @peer points to. */
static void add_connection(VtpmServer *server, int fd, Peer *peer, char *group)
{
    VtpmConnection *connection = g_new0(VtpmConnection, 1);

    connection->server = server;
    connection->peer = *peer;
    *peer = (Peer){ 0 };
    connection->group = g_ref_string_acquire(group);
    if (!poller_add(server->poller, &connection->watch, fd, connection_ready)) {
        close(fd);
        g_ref_string_release(connection->group);
        peer_clear(&connection->peer);
        g_free(connection);
        return;
    }
    g_hash_table_add(server->listener.connections, connection);
    strangers_add(server->strangers, &connection->stranger, group, connection);
}

/* Why this connection is not taken; NULL: it is. */
static const char *objection(VtpmServer *server, const char *group)
{
    if (limiter_group(server->limiter, group, LIMITER_CONNECT, g_get_monotonic_time()) !=
        MANAGER_REASON_NONE) {
        return "its processes connect, or send what is no message, too often; look for what they "
               "do";
    }
    if (g_hash_table_size(server->listener.connections) >= CONNECTIONS_MAX &&
        !strangers_out_oldest(server->strangers)) {
        return "so many VMs are connected that no more fit";
    }
    return NULL;
}

static void receive_peer(VtpmServer *server, int fd, Peer *peer)
{
    char *group = peer_group(peer);
    const char *why = objection(server, group);

    if (why) {
        log_kind_warn_of(&turned_away, group, "process %d, uid %u, %s is turned away: %s",
                         (int)peer->process.pid, peer->process.uid, group, why);
        close(fd);
    } else {
        add_connection(server, fd, peer, group);
    }
    g_ref_string_release(group);
}

/* Who is connected and has not said who it is makes room for whoever comes. */
static gboolean make_room(Listener *listener)
{
    return strangers_out_oldest(((VtpmServer *)listener)->strangers);
}

static void listener_ready(PollerWatch *watch, G_GNUC_UNUSED uint32_t events)
{
    VtpmServer *server = (VtpmServer *)watch;

    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        g_auto(Peer) peer = { 0 };
        int fd = listener_accept(&server->listener);

        if (fd < 0) {
            return;
        }
        if (peer_read(fd, &peer)) {
            receive_peer(server, fd, &peer);
        } else {
            close(fd);
        }
    }
}

VtpmServer *vtpm_server_new(GMainContext *context, Poller *poller, int listener, Limiter *limiter,
                            const VtpmHandlers *handlers, void *data, GError **error)
{
    VtpmServer *server = g_new0(VtpmServer, 1);

    server->poller = poller;
    server->limiter = limiter;
    server->handlers = handlers;
    server->data = data;
    server->strangers = strangers_new(context, put_out);
    server->later = deadlines_new(context, request_again);
    server->live = g_hash_table_new(wire_uuid_hash, wire_uuid_equal);
    server->listener.make_room = make_room;
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
    strangers_free(server->strangers);
    deadlines_free(server->later);
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

VtpmConnection *vtpm_server_find(const VtpmServer *server, const WireUuid *uuid)
{
    return live_connection(server, uuid);
}

void vtpm_server_disconnect(VtpmServer *server, const WireUuid *uuid)
{
    VtpmConnection *connection = live_connection(server, uuid);

    if (connection) {
        vtpm_connection_close(connection, NULL);
    }
}

void vtpm_server_forget_look(VtpmServer *server, const WireUuid *uuid, VtpmLook look)
{
    VtpmConnection *connection = live_connection(server, uuid);

    if (connection) {
        vtpm_connection_set_look(connection, look, NULL);
    }
}

/* ---------------------------------------------------------------------------------- connections */

const Peer *vtpm_connection_peer(const VtpmConnection *connection)
{
    return &connection->peer;
}

const char *vtpm_connection_group(const VtpmConnection *connection)
{
    return connection->group;
}

Measurement *vtpm_connection_look(const VtpmConnection *connection, VtpmLook look)
{
    return connection->seen[look];
}

void vtpm_connection_set_look(VtpmConnection *connection, VtpmLook look, Measurement *seen)
{
    measurement_unref(connection->seen[look]);
    connection->seen[look] = seen;
}

int vtpm_connection_open(const VtpmConnection *connection)
{
    return peer_open(connection->watch.fd, &connection->peer);
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
    strangers_remove(&connection->stranger);
    connection->welcomed = TRUE;
    connection->hello = *hello;
    if (hello->ek_count != MANAGER_EKS_UNKNOWN) {
        connection->hello.ek_count = 0; /* they are borrowed from the packet */
    }
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

void vtpm_connection_postpone(VtpmConnection *connection, int64_t until)
{
    VtpmServer *server = connection->server;

    if (!connection->postponed) {
        connection->postponed = g_bytes_new(server->packet, server->packet_len);
    }
    deadline_set(server->later, &connection->later, until);
}

gboolean vtpm_connection_postponed(const VtpmConnection *connection)
{
    return connection->postponed != NULL;
}
