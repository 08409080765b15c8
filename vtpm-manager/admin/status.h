/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's command that tells how the manager, its TPM and its quotes are. */
#ifndef VTPM_MANAGER_ADMIN_STATUS_H
#define VTPM_MANAGER_ADMIN_STATUS_H

#include "admin/command.h"
#include "quote/quoter.h"
#include "state/anchor.h"
#include "tpm/host.h"
#include "vtpm/admission.h"
#include "vtpm/credential.h"
#include "vtpm/server.h"

/** What it tells of; borrowed. */
typedef struct AdminStatus {
    const char *tcti; /* as configured */
    int64_t started;  /* seconds since 1970 */
    gboolean share_logs;
    const Anchor *anchor;
    TpmHost *tpm;
    Credentials *credentials;
    const RegistryVms *vms;
    const Quoter *quoter;
    const Admission *admission;
    const VtpmServer *vtpms;
} AdminStatus;

/** Their part is an AdminStatus. Spec: docs/specs/manager-admin.md. */
extern const AdminCommand admin_status_commands[];

#endif
