/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to a swtpm: its control channel and the channel for TPM commands. */
#ifndef VTPM_CUSE_LINK_H
#define VTPM_CUSE_LINK_H

#include <gio/gio.h>

/** Where a swtpm is: @path, or both addresses. */
typedef struct LinkPlace {
    char *path;              /* of the unix socket of its control channel */
    GSocketAddress *data;    /* of --server, on this machine */
    GSocketAddress *control; /* of --ctrl, on this machine */
} LinkPlace;

/**
 * link_open: connects, and has swtpm answer once.
 * @ret_control, @ret_data: stream sockets
 *
 * By a unix socket swtpm gets the other end of @ret_data over the control channel.
 * Errors: of G_IO_ERROR, with what to do.
 */
gboolean link_open(const LinkPlace *place, int *ret_control, int *ret_data, GError **error);

void link_place_clear(LinkPlace *place);

#endif
