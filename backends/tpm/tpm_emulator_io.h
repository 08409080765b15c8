/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: how a command gets to the TPM, its response back
 */
#ifndef BACKENDS_TPM_EMULATOR_IO_H
#define BACKENDS_TPM_EMULATOR_IO_H

#include "tpm_emulator_int.h"

/* Methods of TPMBackendExt: see there. */
void tpm_emulator_submit(TPMBackend *tb, TPMBackendCmd *cmd);
void tpm_emulator_finish(TPMBackend *tb);

/**
 * tpm_emulator_exchange:
 * @command: a whole command of ours, at most TPM_FRAME_MAX bytes
 *
 * Runs one command outside of the guest's, bounded by the control time limit. The response is left
 * in s->flight.reply.
 *
 * Returns: the size of the response; 0 where there is none, and then the TPM is lost.
 */
size_t tpm_emulator_exchange(TPMEmulator *s, const uint8_t *command, size_t size);

/**
 * tpm_emulator_send_errand:
 * @command: of the errand that runs
 *
 * Sends it; nothing is in flight. It lands when its response is there or the TPM is lost. The
 * guest's next command waits for that.
 */
void tpm_emulator_send_errand(TPMEmulator *s, const uint8_t *command, size_t size);

/**
 * tpm_emulator_kernel_taken:
 *
 * The guest takes a kernel that is measured, to run it: a TPM that is not started is started now,
 * or when what is in flight has landed. The guest's next command waits for that. Never waits.
 */
void tpm_emulator_kernel_taken(TPMEmulator *s);

/**
 * tpm_emulator_cancel:
 *
 * Asks the TPM to give the guest's command up, wherever it is. Never waits.
 */
void tpm_emulator_cancel(TPMEmulator *s);

#endif
