/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: commands of the host to a TPM 2.0, waiting, running and ended
 *
 * When one of these errands is sent is for others to know. One that has ended is known until its
 * room is taken by a later one.
 */
#ifndef BACKENDS_TPM_EMULATOR_ERRAND_H
#define BACKENDS_TPM_EMULATOR_ERRAND_H

#include "system/tpm_backend_ext.h"

#define TPM_EMULATOR_ERRANDS 8
#define TPM_EMULATOR_ERRAND_COMMAND 512 /* bytes; more than any has */

typedef struct TPMEmulatorErrand {
    uint32_t number; /* 0: nothing is here */
    TpmHostCommandState state;
    int64_t deadline_ms; /* until when it has to be sent; INT64_MAX for none */
    char *response;      /* base64 */
    char *error;
    uint32_t code; /* of the TPM; 0 for none */
    size_t command_size;
    uint8_t command[TPM_EMULATOR_ERRAND_COMMAND];
} TPMEmulatorErrand;

typedef struct TPMEmulatorErrands {
    uint32_t latest;            /* number */
    TPMEmulatorErrand *running; /* NULL: none is */
    TPMEmulatorErrand entry[TPM_EMULATOR_ERRANDS];
} TPMEmulatorErrands;

/**
 * tpm_emulator_errand_add:
 * @now_ms: of the clock that deadlines are in
 *
 * Returns: the errand, which waits; NULL with the error set.
 */
const TPMEmulatorErrand *tpm_emulator_errand_add(TPMEmulatorErrands *e,
                                                 const TPMHostRequest *request, int64_t now_ms,
                                                 Error **errp);

/* The one that has waited longest; NULL where none waits. */
TPMEmulatorErrand *tpm_emulator_errand_next(TPMEmulatorErrands *e);

/* Of those that wait the earliest; INT64_MAX for none. */
int64_t tpm_emulator_errand_deadline(TPMEmulatorErrands *e);

/* One that waits and has passed its deadline; NULL where none has. */
TPMEmulatorErrand *tpm_emulator_errand_overdue(TPMEmulatorErrands *e, int64_t now_ms);

/* The one with this number; NULL where there is none. */
const TPMEmulatorErrand *tpm_emulator_errand_find(TPMEmulatorErrands *e, uint32_t number);

/* It is sent now. */
void tpm_emulator_errand_start(TPMEmulatorErrands *e, TPMEmulatorErrand *errand);

/**
 * tpm_emulator_errand_land:
 * @response: whole
 * @id: of the back end, for QMP, which is told
 *
 * The one that runs has ended.
 */
void tpm_emulator_errand_land(TPMEmulatorErrands *e, const char *id, const uint8_t *response,
                              size_t size);

/* @errand waits or runs, and has failed. QMP is told. */
void tpm_emulator_errand_fail(TPMEmulatorErrands *e, const char *id, TPMEmulatorErrand *errand,
                              const char *why);

/* For QMP; (transfer full). */
TpmHostCommand *tpm_emulator_errand_query(const TPMEmulatorErrand *errand);

void tpm_emulator_errands_clear(TPMEmulatorErrands *e);

#endif
