/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket for vTPMs: connections, packets, and which connection speaks for which VM. What the
 * messages mean is up to the handlers that the server is made with.
 */
#ifndef VTPM_MANAGER_VTPM_SERVER_H
#define VTPM_MANAGER_VTPM_SERVER_H

#include "daemon/peer.h"
#include "daemon/poller.h"
#include "measure/measurement.h"
#include "vtpm/limiter.h"
#include "wire/manager.h"

typedef struct VtpmServer VtpmServer;

/** A vTPM at the other end of a socket. */
typedef struct VtpmConnection VtpmConnection;

typedef struct VtpmHandlers {
    /**
     * A decoded request. It is answered once by vtpm_connection_reply(): at once, or later where
     * vtpm_connection_wait() or vtpm_connection_postpone() says so; or the connection is closed.
     */
    void (*request)(VtpmConnection *connection, const ManagerMessage *message, void *data);
    /** The connection goes away, and @pending of vtpm_connection_wait() was not answered. */
    void (*abandon)(void *pending);
} VtpmHandlers;

/**
 * vtpm_server_new:
 * @context, @poller, @limiter, @handlers, @data: borrowed, outlive the server
 * @listener: taken over, a SOCK_SEQPACKET socket
 */
VtpmServer *vtpm_server_new(GMainContext *context, Poller *poller, int listener, Limiter *limiter,
                            const VtpmHandlers *handlers, void *data, GError **error);
void vtpm_server_free(VtpmServer *server);

/** vtpm_server_stop: takes no new connections and reads no new requests. */
void vtpm_server_stop(VtpmServer *server);

/** vtpm_server_connections: VMs for which a connection speaks. */
guint vtpm_server_connections(const VtpmServer *server);

/** vtpm_server_connected: whether a connection speaks for @uuid. */
gboolean vtpm_server_connected(const VtpmServer *server, const WireUuid *uuid);

/** vtpm_server_disconnect: closes the connection that speaks for @uuid, if there is one. */
void vtpm_server_disconnect(VtpmServer *server, const WireUuid *uuid);

/** vtpm_connection_peer: who is at the other end. */
const Peer *vtpm_connection_peer(const VtpmConnection *connection);

/** vtpm_connection_group: the group of processes that it is counted with. */
const char *vtpm_connection_group(const VtpmConnection *connection);

/** What is looked at for a connection. */
typedef enum VtpmLook {
    VTPM_LOOK_PROCESS, /* what code its process runs */
    VTPM_LOOK_LAUNCH,  /* what its VM was started with */
    VTPM_LOOKS,
} VtpmLook;

/** vtpm_server_find: (nullable): the connection that speaks for @uuid; borrowed, for now. */
VtpmConnection *vtpm_server_find(const VtpmServer *server, const WireUuid *uuid);

/** vtpm_server_forget_look: has it looked at anew for the connection that speaks for @uuid. */
void vtpm_server_forget_look(VtpmServer *server, const WireUuid *uuid, VtpmLook look);

/** vtpm_connection_look: (nullable): what was seen; %NULL while nobody has looked. */
Measurement *vtpm_connection_look(const VtpmConnection *connection, VtpmLook look);

/** vtpm_connection_set_look: @seen (nullable) is taken over, and stands in place of another. */
void vtpm_connection_set_look(VtpmConnection *connection, VtpmLook look, Measurement *seen);

/** vtpm_connection_open: the folder in /proc of its process; -1: it has ended, or is hidden. */
int vtpm_connection_open(const VtpmConnection *connection);

/** vtpm_connection_hello: as what it was welcomed; %NULL: it was not, and speaks for no VM. */
const ManagerHello *vtpm_connection_hello(const VtpmConnection *connection);

/** vtpm_connection_rival: as what another connection speaks for @uuid; %NULL: none does. */
const ManagerHello *vtpm_connection_rival(const VtpmConnection *connection, const WireUuid *uuid);

/** vtpm_connection_welcome: it speaks for this VM from now on, in place of a rival. */
void vtpm_connection_welcome(VtpmConnection *connection, const ManagerHello *hello);

/**
 * vtpm_connection_set_prepared: whether the next QUOTE was announced and let through.
 * Returns: what it was before.
 */
gboolean vtpm_connection_set_prepared(VtpmConnection *connection, gboolean prepared);

/** vtpm_connection_wait: the request is answered later; @pending is what stands for it then. */
void vtpm_connection_wait(VtpmConnection *connection, void *pending);

/**
 * vtpm_connection_postpone: the request that is being handled is handed out again later.
 * @until: microseconds of monotonic time
 */
void vtpm_connection_postpone(VtpmConnection *connection, int64_t until);

/** vtpm_connection_postponed: the request that is being handled was postponed before. */
gboolean vtpm_connection_postponed(const VtpmConnection *connection);

/** vtpm_connection_reply: @reply answers the packet @id with type @type; closes on failure. */
void vtpm_connection_reply(VtpmConnection *connection, ManagerMessageType type, uint32_t id,
                           const ManagerReply *reply);

/** vtpm_connection_close: @why goes to the log; NULL: nothing to tell. Frees @connection. */
void vtpm_connection_close(VtpmConnection *connection, const char *why);

#endif
