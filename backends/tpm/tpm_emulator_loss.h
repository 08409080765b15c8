/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: whether the TPM is there; its loss
 */
#ifndef BACKENDS_TPM_EMULATOR_LOSS_H
#define BACKENDS_TPM_EMULATOR_LOSS_H

#include "qapi/qapi-types-tpm-status.h"
#include "tpm_emulator_int.h"

/* The TPM cannot be used before the next reset of the guest. */
bool tpm_emulator_is_lost(const TPMEmulator *s);

/**
 * tpm_emulator_lose:
 * @reason: why, for people; borrowed
 *
 * The TPM is gone or cannot be believed any more: answers the command in flight with a failure,
 * drops the connection, tells QMP. Every later command is a failure until the next guest reset.
 * Does nothing where the TPM is lost already.
 */
void tpm_emulator_lose(TPMEmulator *s, const char *reason);

/**
 * tpm_emulator_set_state:
 * @reason: (nullable): for the state lost
 *
 * Moves the state machine and tells QMP.
 */
void tpm_emulator_set_state(TPMEmulator *s, TpmBackendState state, const char *reason);

void tpm_emulator_close_data(TPMEmulator *s);

#endif
