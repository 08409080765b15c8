/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket for administration: one JSON object a line in, one JSON object a line back.
 *
 * Spec: docs/specs/manager-admin.md.
 */
#ifndef VTPM_MANAGER_ADMIN_SERVER_H
#define VTPM_MANAGER_ADMIN_SERVER_H

#include <json-glib/json-glib.h>

#include "manager.h"

typedef struct AdminServer AdminServer;
typedef struct AdminConnection AdminConnection;

/** admin_server_new: takes over @listener, a SOCK_STREAM socket. */
AdminServer *admin_server_new(Manager *manager, int listener, GError **error);

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

/** admin_command_handle: acts on one request; answers it now, or later from the worker. */
void admin_command_handle(AdminConnection *connection, Manager *manager, JsonObject *request);

#endif
