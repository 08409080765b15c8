/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verifier remembers, and the questions that verification asks. */
#ifndef ATTEST_STATE_H
#define ATTEST_STATE_H

#include "attest/deepquote.h"

#include "wire/uuid.h"

/** DqStateEntry: what one trusted deep quote said. */
typedef struct DqStateEntry {
    DqBytes nonce;
    const WireUuid *uuid;
    DqBytes host_name;
    guint64 epoch;
    guint64 generation;
    guint32 reset_count;
    guint32 restart_count;
    guint64 clock;
} DqStateEntry;

/** What dq_state_find_stale() found. */
typedef enum DqStateFault {
    DQ_STATE_FRESH,
    DQ_STATE_NONCE_USED,
    DQ_STATE_EPOCH_BACK,
    DQ_STATE_GENERATION_BACK,
    DQ_STATE_RESET_COUNT_BACK,
    DQ_STATE_RESTART_COUNT_BACK,
    DQ_STATE_CLOCK_BACK,
} DqStateFault;

/** dq_state_fault_text: a sentence for a counter that went back; NULL for any other fault. */
const char *dq_state_fault_text(DqStateFault fault);

/**
 * dq_state_nonce_used: whether a trusted deep quote carried this nonce.
 */
gboolean dq_state_nonce_used(DqState *state, DqBytes nonce);

/**
 * dq_state_find_stale: the first counter of @entry that went back, else DQ_STATE_FRESH. The nonce
 * is not looked at.
 *
 * Epoch and generation are compared with the VM's. The restart count begins anew with each reset,
 * so the two counts are compared with the host's as one number. The clock is compared with what
 * this VM on this host showed last: evidence of other VMs may arrive in another order.
 */
DqStateFault dq_state_find_stale(DqState *state, const DqStateEntry *entry);

/**
 * dq_state_record: remembers @entry, unless its nonce is used or it is stale by now: then the
 * fault is returned and nothing changes.
 */
DqStateFault dq_state_record(DqState *state, const DqStateEntry *entry);

/* For state-file.c: the tables, and putting one line's content into them. */

typedef struct DqStateVm {
    guint64 epoch;
    guint64 generation;
} DqStateVm;

typedef struct DqStateHost {
    guint32 reset_count;
    guint32 restart_count;
} DqStateHost;

struct DqState {
    gint refs;
    GMutex lock;
    GHashTable *nonces; /* GBytes */
    GHashTable *vms;    /* GBytes uuid -> DqStateVm */
    GHashTable *hosts;  /* GBytes Name -> DqStateHost */
    GHashTable *clocks; /* GBytes uuid || Name -> guint64 */
    gboolean changed;
    char *path;  /* NULL: in memory only */
    int lock_fd; /* -1: none */
};

void dq_state_put_vm(DqState *state, const WireUuid *uuid, DqStateVm vm);
void dq_state_put_host(DqState *state, DqBytes name, DqStateHost host);
void dq_state_put_clock(DqState *state, const WireUuid *uuid, DqBytes name, guint64 clock);
void dq_state_put_nonce(DqState *state, DqBytes nonce);

#endif
