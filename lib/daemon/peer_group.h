/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes are counted as one where connections are limited. */
#ifndef DAEMON_PEER_GROUP_H
#define DAEMON_PEER_GROUP_H

#include "daemon/unix_socket.h"

/**
 * peer_group: the control group of the process that connected @fd ("cgroup
 * /machine.slice/a.scope"), or its user ("uid 107") where that cannot be told: the process is gone,
 * or not to be seen from here.
 *
 * Returns: (transfer full): a GRefString, shared by all of the group
 */
char *peer_group(int fd, const UnixPeer *peer);

/**
 * peer_group_of_cgroups:
 * @text: what /proc/PID/cgroup holds
 *
 * Returns: (transfer full): the path in the unified hierarchy; without one, that which systemd
 * made; %NULL: none of them
 */
char *peer_group_of_cgroups(const char *text);

#endif
