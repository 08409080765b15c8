/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's commands on the registry as a whole. Spec: docs/specs/manager-admin.md. */
#ifndef VTPM_MANAGER_ADMIN_REGISTRY_H
#define VTPM_MANAGER_ADMIN_REGISTRY_H

#include "admin/command.h"
#include "state/anchor.h"

/** What the commands act on; borrowed. */
typedef struct AdminRegistry {
    Anchor *anchor;
    RegistryStore *store;
    TpmHost *host;
    const char *folder; /* where copies are */
    TpmWorker *worker;
    void (*accepted)(void *data); /* the registry may be used from now on */
    void *data;
    gboolean busy; /* one acceptance at a time */
} AdminRegistry;

/** admin_registry_describe: (transfer full): what `registry` and `status` say of it. */
JsonObject *admin_registry_describe(const Anchor *anchor);

/** Their part is an AdminRegistry. */
extern const AdminCommand admin_registry_commands[];

/** While the registry is held: the same, and a refusal of all others. */
extern const AdminCommand admin_held_commands[];

#endif
