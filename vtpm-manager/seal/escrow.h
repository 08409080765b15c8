/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a group's VMs, sealed for the group's tenant, and put back on another host. Spec:
 * docs/specs/escrow.md.
 */
#ifndef VTPM_MANAGER_SEAL_ESCROW_H
#define VTPM_MANAGER_SEAL_ESCROW_H

#include "escrow/escrow-key.h"
#include "seal/keys.h"

/** What it works with; borrowed. */
typedef struct Escrow {
    RegistryStore *store;
    RegistryGroups *groups;
    RegistryVms *vms;
    StateKeys *keys;
    TpmHost *host;
    TpmWorker *worker;
} Escrow;

/**
 * EscrowMade:
 * @text: for the tenant; NULL where @error says why there is none
 * @count: of VMs whose keys are in it
 */
typedef void (*EscrowMade)(void *data, const char *text, guint count, const GError *error);

/** escrow_make: the keys of all VMs of @group that are sealed. @done is called once, before this
 * returns or from the main context. @by: copied */
void escrow_make(const Escrow *escrow, const char *group, const RegistryAuthor *by, EscrowMade done,
                 void *data);

/** EscrowKeyMade: @key: borrowed; NULL where @error says why there is none */
typedef void (*EscrowKeyMade)(void *data, const DqEscrowKey *key, const GError *error);

/** escrow_key: the key for which a tenant seals what this host is to have of @group. */
void escrow_key(const Escrow *escrow, const char *group, EscrowKeyMade done, void *data);

/** What became of the key of a VM. */
typedef struct EscrowResult {
    WireUuid uuid;
    char *why; /* NULL: it has it now; else why not */
} EscrowResult;

/** EscrowRestored: @results: of EscrowResult, borrowed; NULL where @error says why none was read */
typedef void (*EscrowRestored)(void *data, const GArray *results, const GError *error);

/** An escrow that is to be put back; borrowed. */
typedef struct EscrowRequest {
    const char *group;
    const char *text;
    gboolean replace;
    RegistryAuthor by;
} EscrowRequest;

/** escrow_restore: @request is copied. */
void escrow_restore(const Escrow *escrow, const EscrowRequest *request, EscrowRestored done,
                    void *data);

#endif
