/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket for administration: one JSON object a line in, one JSON object a line back.
 *
 * Spec: docs/specs/manager-admin.md.
 */
#ifndef VTPM_MANAGER_ADMIN_SERVER_H
#define VTPM_MANAGER_ADMIN_SERVER_H

#include <json-glib/json-glib.h>
#include <sys/types.h>

#include "daemon/poller.h"

typedef struct AdminServer AdminServer;
typedef struct AdminConnection AdminConnection;

/** AdminHandler: acts on one request, borrowed; answers it once, now or later. */
typedef void (*AdminHandler)(AdminConnection *connection, JsonObject *request, void *data);

/**
 * admin_server_new:
 * @poller, @data: borrowed, outlive the server
 * @listener: taken over, a SOCK_STREAM socket
 */
AdminServer *admin_server_new(Poller *poller, int listener, AdminHandler handler, void *data,
                              GError **error);

/** admin_server_free: closes all connections; the worker must be idle. */
void admin_server_free(AdminServer *server);

/** admin_server_stop: takes no new connections and reads no new requests. */
void admin_server_stop(AdminServer *server);

/** admin_connection_uid: who asks. */
uid_t admin_connection_uid(const AdminConnection *connection);

/** admin_connection_hold: @connection's memory stays, though it may be closed, until released. */
void admin_connection_hold(AdminConnection *connection);
void admin_connection_release(AdminConnection *connection);

/** admin_connection_reply: sends @answer (transfer full) as one line, unless it was closed. */
void admin_connection_reply(AdminConnection *connection, JsonObject *answer);

/** admin_connection_fail: sends {"ok": false, "error": @message}. */
void admin_connection_fail(AdminConnection *connection, const char *message);

#endif
