/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who connected the control channel of a vTPM, which is QEMU. Neither of them is asked: the kernel
 * hands us the vTPM's own descriptor of the connection, and tells whose process made it.
 */
#ifndef VTPM_MANAGER_MEASURE_CONTROL_PEER_H
#define VTPM_MANAGER_MEASURE_CONTROL_PEER_H

#include "daemon/peer.h"

typedef struct ControlPeer ControlPeer;

/** Whether a process is none that the vTPM could have started itself. */
typedef gboolean ControlPeerApart(const Peer *vtpm, const Peer *other);

/**
 * control_peer_find:
 * @dir: folder in /proc of the vTPM's process; borrowed
 * @vtpm: what that process is
 *
 * A connection counts where the vTPM accepted it: what it connected itself, such as that to a
 * monitor of some QEMU, is not one of those. Where several processes have made one, none is taken.
 *
 * Errors: G_FILE_ERROR
 */
ControlPeer *control_peer_find(int dir, const Peer *vtpm, ControlPeerApart *apart, GError **error);
void control_peer_free(ControlPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ControlPeer, control_peer_free)

/** control_peer_process: its folder in /proc; borrowed. */
int control_peer_process(const ControlPeer *peer);

/**
 * control_peer_holds: whether the vTPM still has the same connection, and the process that made it
 * still runs the same program.
 */
gboolean control_peer_holds(const ControlPeer *peer);

#endif
