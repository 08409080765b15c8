/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's commands on groups of VMs. Spec: docs/specs/manager-admin.md. */
#ifndef VTPM_MANAGER_ADMIN_GROUP_H
#define VTPM_MANAGER_ADMIN_GROUP_H

#include "admin/request.h"

void admin_handle_groups(const AdminRequest *request);
void admin_handle_group(const AdminRequest *request);
void admin_handle_ungroup(const AdminRequest *request);
void admin_handle_move(const AdminRequest *request);

#endif
