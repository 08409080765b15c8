/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tenants approve of: the administrator's command. Spec: docs/specs/manager-admin.md. */
#ifndef VTPM_MANAGER_ADMIN_APPROVAL_H
#define VTPM_MANAGER_ADMIN_APPROVAL_H

#include "admin/command.h"
#include "registry/group.h"
#include "tpm/worker.h"

/** What the command changes and asks; borrowed. */
typedef struct AdminApproval {
    RegistryGroups *groups;
    TpmWorker *worker;
} AdminApproval;

/** Their part is an AdminApproval. */
extern const AdminCommand admin_approval_commands[];

#endif
