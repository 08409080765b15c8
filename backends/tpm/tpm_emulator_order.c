/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: whether a TPM 2.0 that stops has to be told so by us
 *
 * TPM 2.0 Part 3, TPM2_Startup and TPM2_Shutdown. Saved state outlives commands that change none of
 * it. Which ones do is not for us to know but for one kind: a PCR below 16 is part of it on every
 * PC (PC Client Platform TPM Profile, "PCR attributes").
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "system/tpm_frame.h"
#include "tpm_emulator_order.h"

#define SU_CLEAR 0
#define SU_STATE 1
#define SAVED_PCRS 16

/* Without an entry nothing changes; the orders are counted from one for that. */
#define TO(_order) (TPM_EMULATOR_##_order + 1)

static const uint8_t after[TPM_EMULATOR_ORDERS][TPM_EMULATOR_DEEDS] = {
    [TPM_EMULATOR_NOT_STARTED] = {
        [TPM_EMULATOR_STARTUP] = TO(IN_USE),
    },
    [TPM_EMULATOR_IN_USE] = {
        [TPM_EMULATOR_SAVE] = TO(SAVED),
        [TPM_EMULATOR_CLEAR] = TO(CLEARED),
    },
    [TPM_EMULATOR_SAVED] = {
        [TPM_EMULATOR_CLEAR] = TO(CLEARED),
        [TPM_EMULATOR_MEASURE] = TO(IN_USE),
    },
    [TPM_EMULATOR_CLEARED] = {
        [TPM_EMULATOR_SAVE] = TO(SAVED),
        [TPM_EMULATOR_MEASURE] = TO(IN_USE),
        [TPM_EMULATOR_OTHER] = TO(IN_USE),
    },
    [TPM_EMULATOR_UNKNOWN] = {
        [TPM_EMULATOR_STARTUP] = TO(IN_USE),
        [TPM_EMULATOR_SAVE] = TO(SAVED),
        [TPM_EMULATOR_CLEAR] = TO(CLEARED),
        [TPM_EMULATOR_MEASURE] = TO(IN_USE),
    },
};

/* The type is the only parameter of a TPM2_Shutdown, behind the sessions if there are any. */
static TPMEmulatorDeed shutdown_deed(const uint8_t *command, size_t size)
{
    switch (lduw_be_p(command + size - 2)) {
    case SU_STATE:
        return TPM_EMULATOR_SAVE;
    case SU_CLEAR:
        return TPM_EMULATOR_CLEAR;
    default:
        return TPM_EMULATOR_OTHER;
    }
}

/* The PCR is the first handle of both. */
static TPMEmulatorDeed measure_deed(const uint8_t *command, size_t size)
{
    bool saved = size >= TPM_FRAME_HEADER + 4 && ldl_be_p(command + TPM_FRAME_HEADER) < SAVED_PCRS;

    return saved ? TPM_EMULATOR_MEASURE : TPM_EMULATOR_OTHER;
}

TPMEmulatorDeed tpm_emulator_deed(const uint8_t *command, size_t size)
{
    switch (size < TPM_FRAME_HEADER ? 0 : tpm_cmd_get_ordinal(command)) {
    case TPM_FRAME_STARTUP:
        return TPM_EMULATOR_STARTUP;
    case TPM_FRAME_SHUTDOWN:
        return shutdown_deed(command, size);
    case TPM_FRAME_PCR_EVENT:
    case TPM_FRAME_PCR_EXTEND:
        return measure_deed(command, size);
    default:
        return TPM_EMULATOR_OTHER;
    }
}

TPMEmulatorOrder tpm_emulator_order_after(TPMEmulatorOrder order, TPMEmulatorDeed deed,
                                          bool success)
{
    uint8_t next = after[order][success ? deed : TPM_EMULATOR_OTHER];

    return next ? next - 1 : order;
}
