/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may speak for which VM, and how often. Each refusal is logged here, so many a while. */
#ifndef VTPM_MANAGER_VTPM_ADMISSION_H
#define VTPM_MANAGER_VTPM_ADMISSION_H

#include "daemon/unix_socket.h"
#include "registry/vm.h"
#include "vtpm/limiter.h"

typedef struct Admission Admission;

/**
 * admission_new:
 * @vms, @limiter: borrowed, outlive it
 * @auto_register: VMs that are not known are registered, with the user of their vTPM as owner
 */
Admission *admission_new(RegistryVms *vms, Limiter *limiter, gboolean auto_register);
void admission_free(Admission *admission);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Admission, admission_free)

/**
 * admission_hello: a vTPM says which VM's it is.
 * @live: the vTPM that speaks for this VM over another connection; %NULL: none
 *
 * Returns: MANAGER_REASON_NONE, and the life of this instance has started, with its endorsement key
 * pinned where none was; else why not.
 */
ManagerReason admission_hello(Admission *admission, const UnixPeer *peer, const ManagerHello *hello,
                              const ManagerHello *live);

/**
 * admission_find: the VM that @peer speaks for, borrowed, if it still may.
 *
 * Returns: MANAGER_REASON_NONE, or why it may not, and @ret_vm is untouched.
 */
ManagerReason admission_find(Admission *admission, const UnixPeer *peer, const WireUuid *uuid,
                             const RegistryVm **ret_vm);

/**
 * admission_throttle: MANAGER_REASON_SHARE_USED_UP where a request is turned away because its VM
 * has had more than its share, and others wait for the TPM. Shares count at all times, so that who
 * was greedy before is not served first now.
 */
ManagerReason admission_throttle(Admission *admission, const UnixPeer *peer, const RegistryVm *vm,
                                 gboolean others_wait);

/** admission_throttled: requests and lives of VMs that had more than their share, so far. */
uint64_t admission_throttled(const Admission *admission);

/** admission_refuse: logs that a request for this VM is refused. Returns: @reason. */
ManagerReason admission_refuse(Admission *admission, const UnixPeer *peer, const WireUuid *uuid,
                               ManagerReason reason);

/** admission_refuse_error: the same for what the registry says against it. */
ManagerReason admission_refuse_error(Admission *admission, const UnixPeer *peer,
                                     const WireUuid *uuid, const GError *error);

#endif
