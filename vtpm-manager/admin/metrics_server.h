/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The endpoint for Prometheus: GET /metrics on a Unix socket or on the loopback addresses. Never
 * blocks; the number of connections, and what each may send and how long it may take, are bounded.
 */
#ifndef VTPM_MANAGER_ADMIN_METRICS_SERVER_H
#define VTPM_MANAGER_ADMIN_METRICS_SERVER_H

#include "manager.h"

/** Where metrics are served. */
typedef struct MetricsAddress {
    char *path;   /* Unix socket; NULL: TCP */
    guint16 port; /* of the loopback addresses; 0 chooses one */
    mode_t mode;  /* permissions of @path */
} MetricsAddress;

/**
 * metrics_address_parse:
 * @text: "unix:PATH" or "tcp:PORT"
 *
 * Errors: G_OPTION_ERROR, also for an address that is not this host's alone.
 */
gboolean metrics_address_parse(const char *text, MetricsAddress *ret, GError **error);
void metrics_address_clear(MetricsAddress *address);

typedef struct MetricsServer MetricsServer;

/**
 * metrics_server_new: listens, and logs where.
 * @manager: borrowed, complete, outlives the server
 *
 * Errors: G_IO_ERROR.
 */
MetricsServer *metrics_server_new(Manager *manager, const MetricsAddress *address, GError **error);

/** metrics_server_free: closes everything and removes the socket's file. */
void metrics_server_free(MetricsServer *server);

#endif
