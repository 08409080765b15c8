/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's command that reads the audit log. Spec: docs/specs/manager-admin.md. */
#ifndef VTPM_MANAGER_ADMIN_AUDIT_H
#define VTPM_MANAGER_ADMIN_AUDIT_H

#include "admin/command.h"

/** Their part is the RegistryStore. */
extern const AdminCommand admin_audit_commands[];

#endif
