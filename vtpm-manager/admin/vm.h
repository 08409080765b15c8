/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's commands on VMs. Spec: docs/specs/manager-admin.md. */
#ifndef VTPM_MANAGER_ADMIN_VM_H
#define VTPM_MANAGER_ADMIN_VM_H

#include "admin/command.h"
#include "registry/vm.h"
#include "vtpm/owners.h"
#include "vtpm/server.h"

/** What the commands act on; borrowed. */
typedef struct AdminVms {
    RegistryVms *known;
    VtpmServer *vtpms;
    const Owners *owners;
} AdminVms;

/** Their part is an AdminVms. */
extern const AdminCommand admin_vm_commands[];

#endif
