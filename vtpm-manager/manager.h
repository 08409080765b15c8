/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon is made of, for the parts that need several of them. */
#ifndef VTPM_MANAGER_MANAGER_H
#define VTPM_MANAGER_MANAGER_H

#include "vtpm/credential.h"
#include "vtpm/limiter.h"
#include "daemon/poller.h"
#include "quote/quoter.h"
#include "registry/registry.h"

typedef struct VtpmServer VtpmServer;

typedef struct Manager {
    GMainContext *context;
    Poller *poller;
    TpmWorker *worker;
    TpmInfo *info;
    Registry *registry;
    Credentials *credentials;
    Quoter *quoter;
    Limiter *limiter;
    guint64 throttled; /* requests and births of VMs that had more than their share */
    VtpmServer *vtpms;
    gboolean auto_register;
    const char *tcti; /* as configured, for status */
    gint64 started;   /* seconds since 1970 */
} Manager;

#endif
