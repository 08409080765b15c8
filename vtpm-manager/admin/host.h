/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's commands on the host's TPM. Spec: docs/specs/manager-admin.md. */
#ifndef VTPM_MANAGER_ADMIN_HOST_H
#define VTPM_MANAGER_ADMIN_HOST_H

#include "admin/command.h"
#include "tpm/host.h"
#include "tpm/worker.h"
#include "vtpm/credential.h"

/** What the commands tell of and ask; borrowed. */
typedef struct AdminHost {
    TpmHost *tpm;
    Credentials *credentials;
    TpmWorker *worker;
} AdminHost;

/** Their part is an AdminHost. */
extern const AdminCommand admin_host_commands[];

#endif
