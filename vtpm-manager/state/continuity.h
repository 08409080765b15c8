/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the state that a vTPM has is the one that its VM had last.
 *
 * A vTPM announces the hash of each state before it stores it. So the state on its disk is the one
 * that was surely stored or the one that was announced after it, unless somebody put another in
 * its place or the manager was not told.
 *
 * What it was suspended in, a volatile state with the permanent one that it belongs to, is
 * announced too, and is of the past as soon as the vTPM executes a command.
 *
 * Spec: docs/specs/manager-protocol.md, "Continuity".
 */
#ifndef VTPM_MANAGER_STATE_CONTINUITY_H
#define VTPM_MANAGER_STATE_CONTINUITY_H

#include "registry/vm.h"

typedef enum ContinuityVerdict {
    CONTINUITY_GOES_ON,
    CONTINUITY_BROKEN,
} ContinuityVerdict;

/**
 * continuity_judge: what the HELLO of a vTPM says of its VM's history.
 * @ret_state: the VM's state from now on
 *
 * A life that is known goes on whatever it stored while the manager was away: it alone can say. The
 * first life of a VM has nothing to be compared with.
 */
ContinuityVerdict continuity_judge(const RegistryVm *vm, const ManagerHello *hello,
                                   RegistryState *ret_state);

/**
 * continuity_stored, continuity_announced, continuity_saved: what is known of a VM's state, in a
 * message's form.
 */
ManagerState continuity_stored(const RegistryState *state);
ManagerState continuity_announced(const RegistryState *state);
ManagerState continuity_saved(const RegistryState *state);

/** continuity_allows: whether a VM whose history is broken may start. */
gboolean continuity_allows(const RegistryVm *vm);

/**
 * continuity_announce: a state is about to be stored.
 * @ret_state: what is to be on the manager's disk before that
 *
 * Returns: %FALSE where what it says of the state before is not what is known of it: the vTPM has
 * to say HELLO again.
 */
gboolean continuity_announce(const RegistryVm *vm, const ManagerAnnounce *announce,
                             RegistryState *ret_state);

#endif
