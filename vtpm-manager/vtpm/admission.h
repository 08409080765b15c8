/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may speak for which VM, and how often. Each refusal is logged here, so many a while. */
#ifndef VTPM_MANAGER_VTPM_ADMISSION_H
#define VTPM_MANAGER_VTPM_ADMISSION_H

#include "daemon/peer.h"
#include "registry/vm.h"
#include "vtpm/limiter.h"
#include "vtpm/owners.h"

typedef struct Admission Admission;

/**
 * admission_new:
 * @vms, @limiter, @owners: borrowed, outlive it
 */
Admission *admission_new(RegistryVms *vms, Limiter *limiter, const Owners *owners);
void admission_free(Admission *admission);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Admission, admission_free)

/**
 * admission_hello_after: until when the disk rests from starts of vTPMs, in microseconds of
 * monotonic time; 0: this one is not written to it.
 */
int64_t admission_hello_after(const Admission *admission, const ManagerHello *hello);

/**
 * admission_hello: a vTPM says which VM's it is.
 * @live: the vTPM that speaks for this VM over another connection; %NULL: none
 *
 * Returns: MANAGER_REASON_NONE, and the life of this instance has started, in a new lineage where
 * its state is not the one that its VM had last, with its endorsement key pinned where none was;
 * else why not.
 */
ManagerReason admission_hello(Admission *admission, const Peer *peer, const ManagerHello *hello,
                              const ManagerHello *live);

/**
 * admission_greet: before a HELLO of whom speaks for no VM yet is looked at.
 * @group: of processes, that it is counted with
 *
 * Returns: MANAGER_REASON_NONE, or why it has to wait.
 */
ManagerReason admission_greet(Admission *admission, const Peer *peer, const char *group,
                              const WireUuid *uuid);

/**
 * admission_start: whether @peer may start the vTPM of @uuid, or set one up.
 * @group: of processes, that it is counted with
 *
 * Returns: MANAGER_REASON_NONE, or why it may not.
 */
ManagerReason admission_start(Admission *admission, const Peer *peer, const char *group,
                              const WireUuid *uuid);

/**
 * admission_find: the VM that @peer speaks for, borrowed, if it still may and has a share left.
 *
 * Returns: MANAGER_REASON_NONE, or why it may not, and @ret_vm is untouched.
 */
ManagerReason admission_find(Admission *admission, const Peer *peer, const WireUuid *uuid,
                             LimiterAct act, LimiterCrowd crowd, const RegistryVm **ret_vm);

/**
 * admission_follow: the same for what a vTPM tells of itself, which is heard of one that is
 * disabled, too.
 */
ManagerReason admission_follow(Admission *admission, const Peer *peer, const WireUuid *uuid,
                               LimiterAct act, const RegistryVm **ret_vm);

/** admission_throttled: requests and lives of VMs that had more than their share, so far. */
uint64_t admission_throttled(const Admission *admission);

/** admission_refuse: logs that a request for this VM is refused. Returns: @reason. */
ManagerReason admission_refuse(const Peer *peer, const WireUuid *uuid, ManagerReason reason);

/** admission_refuse_error: the same for what the registry says against it. */
ManagerReason admission_refuse_error(const Peer *peer, const WireUuid *uuid, const GError *error);

#endif
