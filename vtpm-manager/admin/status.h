/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the manager, its TPM and its quotes are. */
#ifndef VTPM_MANAGER_ADMIN_STATUS_H
#define VTPM_MANAGER_ADMIN_STATUS_H

#include <json-glib/json-glib.h>

#include "manager.h"

/**
 * admin_status_describe: (transfer full): the answer to `status`.
 *
 * Spec: docs/specs/manager-admin.md.
 */
JsonObject *admin_status_describe(Manager *manager);

#endif
