/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a process is the vTPM of a VM, by the rule that the VM's registration names. */
#ifndef VTPM_MANAGER_VTPM_RULE_H
#define VTPM_MANAGER_VTPM_RULE_H

#include "daemon/peer.h"
#include "registry/record.h"

/** rule_holds: whether @peer is what @vm's rule asks for. */
gboolean rule_holds(const RegistryVm *vm, const Peer *peer);

/**
 * rule_starts: whether @peer may start @vm's vTPM, or set one up: what its rule asks for, or, by
 * the rule "libvirt", what libvirt runs before there is a domain.
 */
gboolean rule_starts(const RegistryVm *vm, const Peer *peer);

/**
 * rule_apart: by @vm's rule, whether a process is none that its vTPM could have started itself: not
 * of its unit, or a domain's of another user. By the rule "user" there is no telling, and any is.
 */
gboolean (*rule_apart(const RegistryVm *vm))(const Peer *vtpm, const Peer *other);

/** rule_advice: (transfer full): what @vm's rule asks for, and what to do where it does not hold.
 */
char *rule_advice(const RegistryVm *vm);

#endif
