/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VMs were started with and what their vTPMs run, for administrators.
 * Spec: docs/specs/manager-admin.md.
 */
#ifndef VTPM_MANAGER_ADMIN_PARTS_H
#define VTPM_MANAGER_ADMIN_PARTS_H

#include "admin/command.h"
#include "vtpm/looks.h"

/** What the commands look with; borrowed. */
typedef struct AdminParts {
    RegistryVms *known;
    VtpmServer *vtpms;
    Measurer *measurer;
} AdminParts;

/** Their part is an AdminParts. */
extern const AdminCommand admin_parts_commands[];

#endif
