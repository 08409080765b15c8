/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history of the vTPM's state, as the manager is told of it.
 *
 * A life begins with a permanent state: read from the disk, set by swtpm before TPMLIB_MainInit (a
 * snapshot, a migration), or made anew. Each later one is announced before it is stored. The
 * manager compares what a life begins with to what it was told last; where it does not let such a
 * vTPM run, every command fails, and nothing is stored.
 *
 * A volatile state, in which the vTPM is suspended, is announced with the permanent one that it
 * belongs to before swtpm gets it, and is of the past with the next command. A life that begins
 * with both begins with the hash over both.
 *
 * Where there is no manager the vTPM runs. What could not be announced is told in the HELLO that
 * reaches one.
 *
 * Spec: docs/specs/manager-protocol.md, "Continuity".
 */
#ifndef SWTPM_DEEPQUOTE_HISTORY_H
#define SWTPM_DEEPQUOTE_HISTORY_H

#include "manager_client.h"

typedef enum HistoryKind {
    HISTORY_PERMANENT,
    HISTORY_VOLATILE,
    HISTORY_KINDS, /* and for all others */
} HistoryKind;

typedef struct History {
    ManagerState on_disk[HISTORY_KINDS]; /* as it was read last */
    ManagerState given[HISTORY_KINDS];   /* by swtpm, in place of it */
    ManagerState written;                /* while it begins */
    bool given_any;                      /* some state, perhaps of no kind that counts here */
    bool quiet_start;                    /* a TPM 1.2: its start alone stores nothing */
    bool cold;                           /* and nothing ran since */
    bool beginning;                      /* in TPMLIB_MainInit */
    bool lives;                          /* a life began in this process */
    bool told;                           /* the manager was asked about it */
    bool behind;                         /* it was not told of what is stored now */
    bool unsettled;                      /* nor that what was announced last is stored */
    bool halted;                         /* it does not let this vTPM run */
    uint64_t asks_again;                 /* monotonic ms: till then nothing waits for it */
} History;

/** history_hash: of a permanent state, as it is given for storing. */
ManagerState history_hash(WireBytes state);

/** history_read: @state is on the disk; NULL: none is. */
void history_read(History *h, HistoryKind kind, WireBytes state);

/**
 * history_set: the next TPMLIB_MainInit takes @state in place of what is on the disk.
 * @state: NULL: none
 */
void history_set(History *h, HistoryKind kind, WireBytes state);

/** history_begin: before TPMLIB_MainInit. */
void history_begin(History *h);

/**
 * history_begun: after it. Where it is another state than this process stored last, a life begins.
 *
 * Returns: false where the manager does not let this vTPM run.
 */
bool history_begun(History *h, ManagerClient *client);

/**
 * history_goes_on: before a command. Tells the manager what it was not told, where it can, and that
 * what the vTPM was suspended in is of the past.
 *
 * Returns: as history_begun().
 */
bool history_goes_on(History *h, ManagerClient *client);

/**
 * history_announce: @next is about to be stored; history_stored(): it was.
 *
 * Returns: false where it must not be stored: the manager does not let this vTPM run.
 */
bool history_announce(History *h, ManagerClient *client, const ManagerState *next);
/**
 * history_suspend: swtpm is about to get the volatile state @state.
 *
 * Returns: as history_announce().
 */
bool history_suspend(History *h, ManagerClient *client, WireBytes state);

/** history_end: before TPMLIB_Terminate: what was announced last is stored, and nothing else will.
 */
void history_end(History *h, ManagerClient *client);
void history_stored(History *h, ManagerClient *client, const ManagerState *now);

#endif
