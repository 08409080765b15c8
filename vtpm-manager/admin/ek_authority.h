/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The administrator's commands on the authority for vTPMs' endorsement keys. Spec:
 * docs/specs/manager-admin.md.
 */
#ifndef VTPM_MANAGER_ADMIN_EK_AUTHORITY_H
#define VTPM_MANAGER_ADMIN_EK_AUTHORITY_H

#include "admin/command.h"
#include "registry/registry.h"
#include "registry/store.h"
#include "tpm/host.h"
#include "tpm/worker.h"
#include "vtpm/credential.h"

/** What the commands use; borrowed. */
typedef struct AdminEkAuthority {
    TpmHost *tpm;
    TpmWorker *worker;
    Credentials *credentials; /* which have it */
    RegistryVms *vms;
    RegistryStore *store; /* whose audit log has what was issued */
    const char *state_dir;
} AdminEkAuthority;

/** Their part is an AdminEkAuthority. */
extern const AdminCommand admin_ek_authority_commands[];

#endif
