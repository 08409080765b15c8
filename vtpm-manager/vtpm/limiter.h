/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much each VM, and each group of processes, may ask of the host: one that asks without end
 * must not cost the others theirs. What each has used is kept in memory, outlives connections, and
 * is forgotten when it has been made up for.
 */
#ifndef VTPM_MANAGER_VTPM_LIMITER_H
#define VTPM_MANAGER_VTPM_LIMITER_H

#include <glib.h>

#include "wire/reason.h"
#include "wire/uuid.h"

enum { LIMITER_USAGES_MAX = 65536 }; /* then the one unused for longest is forgotten */

/** What a peer may do; what it costs is in a table of limiter.c. */
typedef enum LimiterAct {
    /* Of a group of processes, as peer_group() names it: */
    LIMITER_CONNECT,
    LIMITER_MALFORMED, /* a packet that is no request */
    LIMITER_HELLO,
    /* Of a VM: */
    LIMITER_HELLO_AGAIN, /* over a connection that speaks for it already */
    LIMITER_LIFE,        /* its vTPM starts anew, which writes to the disk */
    LIMITER_PREPARE,
    LIMITER_QUOTE, /* without PREPARE */
    LIMITER_PREPARED_QUOTE,
    LIMITER_PCR_READ,
    LIMITER_CREDENTIAL,
    LIMITER_ANNOUNCE,
    LIMITER_ACTS,
} LimiterAct;

/** How many others wait for the TPM. */
typedef enum LimiterCrowd {
    LIMITER_ALONE,
    LIMITER_OTHERS_WAIT, /* for a quote */
    LIMITER_CROWDED,     /* more of them than the next batch takes */
} LimiterCrowd;

typedef struct Limiter Limiter;

/**
 * limiter_new:
 * @rate: requests a second that each VM may make, for each unit of its group's weight; 0: any
 * @burst: requests that it may make at once, likewise; at least 1
 */
Limiter *limiter_new(guint rate, guint burst);
void limiter_free(Limiter *limiter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Limiter, limiter_free)

/**
 * limiter_group, limiter_vm: @group, or the VM, does this.
 * @weight: of the VM's group of VMs
 *
 * Shares count at all times, so that who was greedy before is not served first now; but where
 * nobody who matters waits, more than its share is no reason to refuse.
 *
 * Returns: MANAGER_REASON_NONE, or why it has to wait.
 */
ManagerReason limiter_group(Limiter *limiter, const char *group, LimiterAct act, int64_t now);
ManagerReason limiter_vm(Limiter *limiter, const WireUuid *uuid, LimiterAct act, guint weight,
                         LimiterCrowd crowd, int64_t now);

/** limiter_usages: groups and VMs of which something is remembered. */
guint limiter_usages(const Limiter *limiter);

#endif
