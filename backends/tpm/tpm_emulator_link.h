/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: connection, start and stop of the TPM
 */
#ifndef BACKENDS_TPM_EMULATOR_LINK_H
#define BACKENDS_TPM_EMULATOR_LINK_H

#include "tpm_emulator_int.h"

/**
 * tpm_emulator_connect:
 *
 * Waits for the control chardev, then sets the data channel up and finds out what the TPM is.
 * Returns: false with @errp set.
 */
bool tpm_emulator_connect(TPMEmulator *s, Error **errp);

/**
 * tpm_emulator_start:
 * @buffer_size: bytes; 0 leaves it as it is
 *
 * At a reset of the guest: stops the TPM in order, takes it back where it was lost, starts it.
 * While a migration stream comes in the start is left to that. Returns: false with @errp set.
 */
bool tpm_emulator_start(TPMEmulator *s, uint32_t buffer_size, Error **errp);

/**
 * tpm_emulator_first_start:
 *
 * The same before the guest begins, for which there is no later: the first tpm_emulator_start() of
 * the guest finds it done. Returns: false with @errp set, for QEMU to end.
 */
bool tpm_emulator_first_start(TPMEmulator *s, uint32_t buffer_size, Error **errp);

/**
 * tpm_emulator_shut_down:
 *
 * Sends the TPM2_Shutdown that the guest did not get to, where tpm_emulator_order.h has it so: not
 * every vTPM sends it by itself.
 */
void tpm_emulator_shut_down(TPMEmulator *s);

/* Reads the established flag into s->established. False with @errp set, as of control requests. */
bool tpm_emulator_read_established(TPMEmulator *s, bool on_vcpu, Error **errp);

/**
 * tpm_emulator_stop:
 *
 * CMD_STOP. Returns: false with @errp set where the TPM refuses or was lost.
 */
bool tpm_emulator_stop(TPMEmulator *s, Error **errp);

/**
 * tpm_emulator_init:
 * @flags: PTM_INIT_FLAG_*
 *
 * CMD_INIT, then reads back what the guest may ask for. Returns: false with @errp set.
 */
bool tpm_emulator_init(TPMEmulator *s, uint32_t flags, Error **errp);

#endif
