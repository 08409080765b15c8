/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of the files that vTPMs keep their states in. Each VM that is sealed has a random one,
 * made when it is first asked for, which the registry keeps wrapped with the key of the VM's group.
 * That the host's TPM makes of a seed, once for all VMs of the group, and it is in locked memory
 * alone. A VM that was put into another group has its key wrapped anew when it is next asked for.
 */
#ifndef VTPM_MANAGER_SEAL_KEYS_H
#define VTPM_MANAGER_SEAL_KEYS_H

#include "registry/vm.h"
#include "tpm/host.h"

typedef struct StateKeys StateKeys;

/** state_keys_new: all borrowed, and outlive it. */
StateKeys *state_keys_new(RegistryVms *vms, RegistryGroups *groups, TpmHost *host,
                          TpmWorker *worker);

/** state_keys_free: wipes what it knows. The worker is gone, and who still waits is not told. */
void state_keys_free(StateKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StateKeys, state_keys_free)

/**
 * StateKeyDone:
 * @reason: MANAGER_REASON_NONE, or why there is no key
 * @key: empty where the VM is not sealed; borrowed, and wiped when the call returns
 */
typedef void (*StateKeyDone)(void *data, ManagerReason reason, WireBytes key);

/** state_keys_ask: @done is called once, before this returns or from the main context. */
void state_keys_ask(StateKeys *keys, const WireUuid *uuid, StateKeyDone done, void *data);

#endif
