/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: the TPM's state in snapshots and migration streams
 */
#ifndef BACKENDS_TPM_EMULATOR_STATE_H
#define BACKENDS_TPM_EMULATOR_STATE_H

#include "tpm_emulator_int.h"

void tpm_emulator_state_register(TPMEmulator *s);
void tpm_emulator_state_unregister(TPMEmulator *s);

/**
 * tpm_emulator_block_migration:
 *
 * Blocks migration where the TPM cannot save its state. Returns: false with @errp set where that
 * is forbidden (-only-migratable).
 */
bool tpm_emulator_block_migration(TPMEmulator *s, Error **errp);

#endif
