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

/** A key that a VM had on another host. */
typedef struct StateKeyGiven {
    uint8_t key[32]; /* as wrap_key() takes it */
    uint8_t ek[WIRE_NAME_MAX];
    gsize ek_len;     /* 0: none was pinned there */
    gboolean replace; /* also one that was made here */
} StateKeyGiven;

/** StateKeyRestored: @error: NULL where the VM has it now */
typedef void (*StateKeyRestored)(void *data, const WireUuid *uuid, const GError *error);

/**
 * state_keys_restore: makes @given the key of a VM that is registered, which is sealed from then
 * on.
 * @given, @by: copied, and wiped
 *
 * @done is called once, before this returns or from the main context. Errors: of vms_restore(), and
 * TPM_ERROR.
 */
void state_keys_restore(StateKeys *keys, const WireUuid *uuid, const StateKeyGiven *given,
                        const RegistryAuthor *by, StateKeyRestored done, void *data);

#endif
