/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process at the other end of a Unix socket, as the kernel describes it. */
#ifndef DAEMON_PEER_H
#define DAEMON_PEER_H

#include <stdint.h>

#include "daemon/unix_socket.h"

/** What a process was when it was looked at. Nothing in it comes from the process itself. */
typedef struct Peer {
    UnixPeer process; /* that connected */
    char *cgroup;     /* its control group, such as /machine.slice/a.scope; NULL: cannot be told */
    char *label;      /* its AppArmor profile and mode; NULL: there is none, or it cannot be told */
    uint64_t started; /* in ticks; only where the kernel cannot hold it for us */
} Peer;

/**
 * peer_read: who connected @fd.
 * @ret: cgroup and label are %NULL where the process has ended since, or is hidden from us
 *
 * For use just after accept(). What is read is of the process that connected, not of one that was
 * given its number since. Where the kernel has no SO_PEERPIDFD (before Linux 6.5), what speaks for
 * that is that it runs as the user who connected, and started no later than now, both before and
 * after it is read: another process of the same user could only have taken the number's place
 * between connect() and accept().
 *
 * Returns: %FALSE: @fd is no connected Unix socket, and @ret is untouched
 */
gboolean peer_read(int fd, Peer *ret);

typedef enum PeerKernel {
    PEER_KERNEL_HOLDS, /* has SO_PEERPIDFD, or says that it has not */
    PEER_KERNEL_OLD,   /* as if it had not */
} PeerKernel;

/** peer_read_below: as peer_read(), for tests: @proc is such a folder as /proc. */
gboolean peer_read_below(const char *proc, PeerKernel kernel, int fd, Peer *ret);

/**
 * peer_started_of: when a process started, in ticks since the system did
 * @text: what /proc/PID/stat holds
 */
gboolean peer_started_of(const char *text, uint64_t *ret);

/**
 * peer_open: the folder in /proc of the process that connected @fd, by which it can be looked at.
 *
 * Returns: a descriptor of O_PATH; -1: the process has ended, or is hidden from us
 */
int peer_open(int fd, const Peer *peer);

/** peer_copy: @ret owns what it points to. */
void peer_copy(const Peer *peer, Peer *ret);
void peer_clear(Peer *peer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Peer, peer_clear)

/**
 * peer_group: which processes it is counted with where connections and lines of the log are
 * limited: those of its service or scope, with all control groups below
 * ("cgroup /machine.slice/a.scope"); of its control group, where that is in neither; of its user
 * ("uid 107") where that cannot be told.
 *
 * Returns: (transfer full): a GRefString, shared by all of the group
 */
char *peer_group(const Peer *peer);

/**
 * peer_cgroup_of:
 * @text: what /proc/PID/cgroup holds
 *
 * Returns: (transfer full): the path in the unified hierarchy; without one, that which systemd
 * made; %NULL: none of them
 */
char *peer_cgroup_of(const char *text);

#endif
