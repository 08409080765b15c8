/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's commands on what a group's tenant keeps. Spec: docs/specs/manager-admin.md.
 */
#ifndef VTPM_MANAGER_ADMIN_ESCROW_H
#define VTPM_MANAGER_ADMIN_ESCROW_H

#include "admin/command.h"
#include "seal/escrow.h"

/** Their part is an Escrow. */
extern const AdminCommand admin_escrow_commands[];

#endif
