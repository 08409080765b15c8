/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's commands on groups of VMs. Spec: docs/specs/manager-admin.md. */
#ifndef VTPM_MANAGER_ADMIN_GROUP_H
#define VTPM_MANAGER_ADMIN_GROUP_H

#include "admin/command.h"

/** Their part is the RegistryGroups. */
extern const AdminCommand admin_group_commands[];

#endif
