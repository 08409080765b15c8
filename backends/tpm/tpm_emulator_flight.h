/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: the record of the command in flight; its answer to the front end
 */
#ifndef BACKENDS_TPM_EMULATOR_FLIGHT_H
#define BACKENDS_TPM_EMULATOR_FLIGHT_H

#include "tpm_emulator_int.h"

/**
 * tpm_emulator_flight_begin:
 * @cmd: (nullable): borrowed until it is answered; NULL for a command of our own
 * @command: the command's bytes
 * @size: of them; 0 for what is no command
 *
 * Takes a command that is about to be sent. There is none in flight.
 */
void tpm_emulator_flight_begin(TPMEmulator *s, TPMBackendCmd *cmd, const uint8_t *command,
                               size_t size);

/* The TPM has answered: ends the flight with the @size bytes in flight.reply. */
void tpm_emulator_flight_land(TPMEmulator *s, size_t size);

/* Ends the flight with a response of our own. */
void tpm_emulator_flight_answer(TPMEmulator *s, TPMFrameFault fault);

/* The same of the command that waits for a flight to end; nothing is in flight. */
void tpm_emulator_flight_answer_parked(TPMEmulator *s, TPMFrameFault fault);

/* The main loop takes news of the flight no more. */
void tpm_emulator_flight_unwatch(TPMEmulator *s);

#endif
