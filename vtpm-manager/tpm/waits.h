/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long is waited for the host's TPM. Nothing that a TPM says of itself is a part of it: some
 * report times that are zero or in the wrong unit. Operators have these numbers in
 * docs/howto/host-tpm.md, section 6.
 */
#ifndef VTPM_MANAGER_TPM_WAITS_H
#define VTPM_MANAGER_TPM_WAITS_H

enum {
    /* A command that the TPM says to send again; then twice as long each time, 2.6 s in all: the
     * platform's specification has 2 s for a long command. */
    TPM_WAIT_AGAIN_TRIES = 12,
    TPM_WAIT_AGAIN_FIRST_US = 1000,
    TPM_WAIT_AGAIN_LONGEST_US = 800 * 1000,
    /* What a vTPM may ask for as its quote's deadline */
    TPM_WAIT_QUOTE_MAX_MS = 600 * 1000,
    /* Of a read between quotes, however long the one before it took */
    TPM_WAIT_REST_MAX_US = 2 * 1000 * 1000,
    /* When the daemon has to end: for what the TPM works on, and for the key to be removed. Both
     * together are less than TimeoutStopSec= in the unit. */
    TPM_WAIT_DRAIN_S = 10,
    TPM_WAIT_CLOSE_S = 5,
};

#endif
