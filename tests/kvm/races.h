/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processors at one TPM. Each answers with numbers on the console; false: no second processor.
 */
#ifndef RACES_H
#define RACES_H

#include "exchange.h"

/**
 * races_localities - each processor takes and gives back its locality (0 and 1) @rounds times, and
 * sends a command while it has it
 *
 * "overlaps": how often both had the TPM; "wrong": responses that were not to the own command.
 */
bool races_localities(const Interface *tpm, uint32_t rounds);

/** races_commands - both use locality 0, at once and without asking each other */
bool races_commands(const Interface *tpm, uint32_t rounds);

/** races_scribble - the second processor writes into where commands go while the first sends some
 */
bool races_scribble(const Interface *tpm, uint32_t rounds);

/**
 * races_outside - starts a command; "seen": how often the second processor found it executing by a
 * look into the registers while the first was still in the write that started it
 *
 * For each such look QEMU needs the lock that register accesses take. The response is left to the
 * caller.
 */
bool races_outside(const Interface *tpm, const struct tpm_command *command);

/** races_cancel - the second processor cancels what the first has started; "code": what came back
 */
bool races_cancel(const Interface *tpm, const struct tpm_command *command, uint32_t after_us);

/** races_seize - the second processor seizes the TPM for locality 1 while locality 0 works */
bool races_seize(const Interface *tpm, const struct tpm_command *command, uint32_t after_us);

/** races_reset - the second processor resets the machine while the first sends commands */
bool races_reset(const Interface *tpm, const struct tpm_command *command, uint32_t after_us);

/**
 * races_pause - how long the second processor stood still while the first sent @rounds commands
 * (none: for 200 ms)
 * @reads_port: it also reads a port every 50 us
 */
bool races_pause(const Interface *tpm, bool reads_port, uint32_t rounds);

#endif
