/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: whether a TPM 2.0 that stops has to be told so by us
 *
 * A TPM that stops without a TPM2_Shutdown counts that towards its dictionary-attack lockout, so
 * the back end sends TPM2_Shutdown(CLEAR) where the guest did not. That must not happen while the
 * TPM may still honour what the guest saved with TPM2_Shutdown(STATE): the CLEAR would replace it.
 */
#ifndef BACKENDS_TPM_EMULATOR_ORDER_H
#define BACKENDS_TPM_EMULATOR_ORDER_H

typedef enum TPMEmulatorOrder {
    TPM_EMULATOR_NOT_STARTED, /* no TPM2_Startup has succeeded since INIT */
    TPM_EMULATOR_IN_USE,      /* there is no saved state; the one in which a stop is told */
    TPM_EMULATOR_SAVED,       /* TPM2_Shutdown(STATE) has succeeded */
    TPM_EMULATOR_CLEARED,     /* the latest command was a TPM2_Shutdown(CLEAR) */
    TPM_EMULATOR_UNKNOWN,     /* state was loaded: what its guest had sent is not known */
    TPM_EMULATOR_ORDERS,
} TPMEmulatorOrder;

/* What a command means to that. */
typedef enum TPMEmulatorDeed {
    TPM_EMULATOR_STARTUP,
    TPM_EMULATOR_SAVE,
    TPM_EMULATOR_CLEAR,
    TPM_EMULATOR_MEASURE, /* changes a PCR that is part of the saved state, which ends with it */
    TPM_EMULATOR_OTHER,
    TPM_EMULATOR_DEEDS,
} TPMEmulatorDeed;

/**
 * tpm_emulator_deed:
 * @command: a whole command as the guest sent it
 */
TPMEmulatorDeed tpm_emulator_deed(const uint8_t *command, size_t size);

/**
 * tpm_emulator_order_after:
 * @deed: of a command that the TPM has answered
 * @success: with success
 */
TPMEmulatorOrder tpm_emulator_order_after(TPMEmulatorOrder order, TPMEmulatorDeed deed,
                                          bool success);

#endif
