/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: a kernel that QEMU loads is measured when the TPM is started up
 *
 * The response to the guest's TPM2_Startup(CLEAR) (TPM 1.2: TPM_Startup(ST_CLEAR)) is held until
 * all is extended. Where the guest takes the kernel before it has started its TPM, that start is
 * ours. A TPM takes one such start between two resets, so that nothing is measured twice.
 */
#ifndef BACKENDS_TPM_EMULATOR_MEASURE_H
#define BACKENDS_TPM_EMULATOR_MEASURE_H

#include "tpm_boot_log.h"
#include "system/tpm_frame.h"

typedef struct TPMEmulatorMeasure {
    TPMBootLog *log; /* NULL: nothing is measured */
    bool woken;      /* a guest that wakes up: PCRs that are fresh again would hide what it runs */
    bool started;    /* the TPM says so */
    bool due;        /* the guest has taken the kernel: a start of ours is to be sent */
    bool starting;   /* that is in flight */
    bool busy;
    unsigned next;                              /* event to extend */
    bool bank[TPM_BOOT_ALGORITHMS];             /* active */
    uint8_t startup_response[TPM_FRAME_HEADER]; /* held back */
    uint8_t command[TPM_FRAME_MAX / 8];
} TPMEmulatorMeasure;

typedef enum TPMEmulatorMeasureStep {
    TPM_EMULATOR_MEASURE_PASS, /* the response is the guest's */
    TPM_EMULATOR_MEASURE_SEND, /* send measure.command, then ask again with its response */
    TPM_EMULATOR_MEASURE_FAIL, /* the TPM must not be used before the next reset */
} TPMEmulatorMeasureStep;

/* The TPM is initialised anew. */
void tpm_emulator_measure_reset(TPMEmulatorMeasure *m, bool woken);

/* The guest takes the kernel to run it. */
void tpm_emulator_measure_kernel_taken(TPMEmulatorMeasure *m);

/* Puts a start of ours into measure.command. Returns: its size. */
size_t tpm_emulator_measure_start(TPMEmulatorMeasure *m, TPMVersion version);

/**
 * tpm_emulator_measure_step:
 * @command: the guest's, whole; NULL for one of the back end
 * @response: a whole one, to @command or to measure.command; TPM_FRAME_MAX bytes of room
 * @size: of it; with PASS the size of what is left in @response
 *
 * Takes each response of the TPM before the guest gets it.
 */
TPMEmulatorMeasureStep tpm_emulator_measure_step(TPMEmulatorMeasure *m, TPMVersion version,
                                                 const uint8_t *command, size_t command_size,
                                                 uint8_t *response, size_t *size);

#endif
