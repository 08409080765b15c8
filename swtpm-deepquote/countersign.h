/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A quote of the vTPM's, countersigned through the manager: what both versions of TPM have alike.
 */
#ifndef SWTPM_DEEPQUOTE_COUNTERSIGN_H
#define SWTPM_DEEPQUOTE_COUNTERSIGN_H

#include "module.h"

/** What is to be countersigned, and how; what is of the quote is set once that is made. */
typedef struct CountersignWish {
    uint32_t flags;
    const WirePcrSelection *host_pcrs;
    uint64_t deadline;
    WireBytes signer; /* Name of the key; empty: none signed */
    WireBytes quoted; /* what it signed */
    WireBytes nonce;  /* that is in it */
} CountersignWish;

/**
 * countersign_prepare: asks whether the manager would countersign; nothing was executed where it
 * would not. Any command to the vTPM may store its state, which is announced over the same
 * connection: none runs here.
 * @bound: bytes that no response has beside its evidence
 *
 * Returns: as manager_client_call(); TPM_RC_SIZE.
 */
uint32_t countersign_prepare(Module *m, const CountersignWish *wish, size_t bound);

/**
 * countersign_quote:
 * @size: bytes of the response without evidence
 * @ret_evidence: borrows from the client
 *
 * Returns: hostStatus.
 */
uint32_t countersign_quote(Module *m, const CountersignWish *wish, size_t size,
                           WireBytes *ret_evidence);

#endif
