/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's commands on groups of VMs. Spec: docs/specs/manager-admin.md. */
#ifndef VTPM_MANAGER_ADMIN_GROUP_H
#define VTPM_MANAGER_ADMIN_GROUP_H

#include "admin/command.h"
#include "registry/vm.h"

/** What the commands change; borrowed. */
typedef struct AdminGroups {
    RegistryGroups *groups;
    RegistryVms *vms;
} AdminGroups;

/** Their part is an AdminGroups. */
extern const AdminCommand admin_group_commands[];

#endif
