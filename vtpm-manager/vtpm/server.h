/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket for vTPMs: connections, packets, and which connection speaks for which VM. What the
 * messages mean is decided in vtpm/session.c.
 */
#ifndef VTPM_MANAGER_VTPM_SERVER_H
#define VTPM_MANAGER_VTPM_SERVER_H

#include "manager.h"

/** A vTPM at the other end of a socket. */
typedef struct VtpmConnection {
    PollerWatch watch; /* first */
    VtpmServer *server;
    Manager *manager;
    uid_t uid;
    pid_t pid;
    gboolean welcomed; /* uuid and instance are set, and this is the VM's one live connection */
    uint8_t uuid[DEEPQUOTE_UUID_SIZE];
    uint8_t instance[MANAGER_INSTANCE_SIZE];
    GSource *patience;           /* closes a connection that does not become welcomed */
    struct VtpmRequest *request; /* outstanding; NULL: none */
} VtpmConnection;

/** A request on its way; it outlives its connection. */
typedef struct VtpmRequest {
    VtpmConnection *connection; /* NULL: it is gone */
    Manager *manager;
    ManagerMessageType type;
    uint32_t id;
    QuoteTicket *ticket;   /* MANAGER_QUOTE */
    WirePcrSelection pcrs; /* MANAGER_PCR_READ */
    GBytes *parameters;
    GError *error;
} VtpmRequest;

/** vtpm_server_new: takes over @listener, a SOCK_SEQPACKET socket. */
VtpmServer *vtpm_server_new(Manager *manager, int listener, GError **error);
void vtpm_server_free(VtpmServer *server);

/** vtpm_server_stop: takes no new connections and reads no new requests. */
void vtpm_server_stop(VtpmServer *server);

guint vtpm_server_connections(const VtpmServer *server);

/** vtpm_server_live: the connection that speaks for @uuid; NULL: none. */
VtpmConnection *vtpm_server_live(VtpmServer *server, const uint8_t *uuid);

/** vtpm_server_welcome: makes @connection the one for its uuid, in place of an older one. */
void vtpm_server_welcome(VtpmServer *server, VtpmConnection *connection);

/** vtpm_connection_reply: @reply answers the packet @id of type @type; closes on failure. */
void vtpm_connection_reply(VtpmConnection *connection, ManagerMessageType type, uint32_t id,
                           const ManagerReply *reply);

/** vtpm_connection_close: @why goes to the log; NULL: nothing to tell. Frees @connection. */
void vtpm_connection_close(VtpmConnection *connection, const char *why);

/** vtpm_session_handle: acts on one decoded message; may close the connection. */
void vtpm_session_handle(VtpmConnection *connection, const ManagerMessage *message);

/** vtpm_session_abandon: @connection goes away while a request is outstanding. */
void vtpm_session_abandon(VtpmRequest *request);

#endif
