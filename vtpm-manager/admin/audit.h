/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's commands on the audit log. Spec: docs/specs/manager-admin.md. */
#ifndef VTPM_MANAGER_ADMIN_AUDIT_H
#define VTPM_MANAGER_ADMIN_AUDIT_H

#include "admin/command.h"
#include "quote/audit_signer.h"
#include "tpm/host.h"

/** What the commands act on; borrowed. */
typedef struct AdminAudit {
    RegistryStore *store;
    AuditSigner *signer; /* NULL: nothing is signed now */
    TpmHost *tpm;        /* whose key signs */
} AdminAudit;

/** Their part is an AdminAudit. */
extern const AdminCommand admin_audit_commands[];

#endif
