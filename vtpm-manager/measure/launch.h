/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM was started with: QEMU's program, firmware, kernel and the like, of the process at the
 * other end of its vTPM's control channel. Spec: docs/specs/deepquote-wire.md, section 2.2.
 */
#ifndef VTPM_MANAGER_MEASURE_LAUNCH_H
#define VTPM_MANAGER_MEASURE_LAUNCH_H

#include "measure/control_peer.h"
#include "measure/measurement.h"
#include "wire/uuid.h"

/**
 * launch_start: looks for QEMU, and at it.
 * @dir: folder in /proc of the vTPM's process; taken over; -1: it has ended
 * @vtpm: what that process is
 * @uuid: of the VM; where QEMU was given another, it is not this VM's
 */
Measurement *launch_start(Measurer *measurer, int dir, const Peer *vtpm, ControlPeerApart *apart,
                          const WireUuid *uuid);

#endif
