/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's own logs, which TPM2_HostCredential hands out where the host shares them. */
#ifndef VTPM_MANAGER_VTPM_HOST_LOGS_H
#define VTPM_MANAGER_VTPM_HOST_LOGS_H

#include <glib.h>

#include "wire/cursor.h"
#include "wire/reason.h"

typedef struct HostLogs HostLogs;

/**
 * host_logs_new:
 * @boot, @ima: paths of what the firmware and the kernel recorded; %NULL: the host has none
 *
 * Begins to read both, so that what is wrong with them is in the log of the manager at its start.
 */
HostLogs *host_logs_new(const char *boot, const char *ima);
void host_logs_free(HostLogs *logs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostLogs, host_logs_free)

/** host_logs_is_log: @what of TPM2_HostCredential is a log. */
gboolean host_logs_is_log(uint32_t what);

/**
 * HostLogsDone:
 * @reason: MANAGER_REASON_NONE, or why there is no page
 * @total: size of the log now; 0: the host has none
 * @page: borrowed, during the call
 */
typedef void (*HostLogsDone)(void *data, ManagerReason reason, uint32_t total, WireBytes page);

/**
 * host_logs_page:
 * @logs: %NULL: they are not shared
 * @what: for which host_logs_is_log() holds
 * @done: called once, before this returns or from the main context
 */
void host_logs_page(HostLogs *logs, uint32_t what, uint32_t offset, uint32_t room,
                    HostLogsDone done, void *data);

#endif
