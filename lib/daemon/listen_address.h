/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a daemon listens, as its user gives it; always an address that only this host reaches. */
#ifndef DAEMON_LISTEN_ADDRESS_H
#define DAEMON_LISTEN_ADDRESS_H

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct ListenAddress {
    char *path;    /* Unix socket; NULL: TCP */
    uint16_t port; /* of the loopback addresses; 0 chooses one */
    mode_t mode;   /* permissions of @path */
} ListenAddress;

/**
 * listen_address_parse:
 * @option: that gives it, for the message
 * @text: "unix:PATH" or "tcp:PORT"
 * @ret: its mode stays as it is
 *
 * Errors: G_OPTION_ERROR, also for an address that is not this host's alone.
 */
gboolean listen_address_parse(const char *option, const char *text, ListenAddress *ret,
                              GError **error);
void listen_address_clear(ListenAddress *address);

#endif
