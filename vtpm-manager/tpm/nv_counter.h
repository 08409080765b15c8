/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A counter in the TPM's NV memory. It only goes up, and one that is made again starts above all
 * that the TPM ever counted. Spec: TPM 2.0 Part 1, section 37.2.4 ("NV Counter").
 */
#ifndef VTPM_MANAGER_TPM_NV_COUNTER_H
#define VTPM_MANAGER_TPM_NV_COUNTER_H

#include "tpm/session.h"

typedef struct TpmNvCounter {
    TPM2_HANDLE index;
    TPM2B_AUTH auth; /* to read it and to count: its maker's secret */
} TpmNvCounter;

typedef enum TpmNvState {
    TPM_NV_ABSENT,    /* there is nothing at the index */
    TPM_NV_FOREIGN,   /* something else, or another secret's */
    TPM_NV_UNWRITTEN, /* made, and nothing was counted */
    TPM_NV_COUNTS,
} TpmNvState;

/**
 * tpm_nv_counter_look: what is there, without @counter's secret: TPM_NV_COUNTS for any counter of
 * the kind that tpm_nv_counter_make() makes.
 */
gboolean tpm_nv_counter_look(TpmSession *tpm, TPM2_HANDLE index, TpmNvState *ret, GError **error);

/** tpm_nv_counter_read: @ret_value is set for TPM_NV_COUNTS only. */
gboolean tpm_nv_counter_read(TpmSession *tpm, const TpmNvCounter *counter, TpmNvState *ret,
                             uint64_t *ret_value, GError **error);

/**
 * tpm_nv_counter_reach: counts until its value is @target, or more. Doing it twice counts once, so
 * it may be tried again whatever became of the last time.
 * @target: 0: counts once where nothing was counted yet
 */
gboolean tpm_nv_counter_reach(TpmSession *tpm, const TpmNvCounter *counter, uint64_t target,
                              uint64_t *ret_value, GError **error);

/**
 * tpm_nv_counter_make, tpm_nv_counter_remove:
 * @owner: authorization value of the owner hierarchy
 *
 * Errors: TPM_ERROR_AUTH where it has another value; TPM_ERROR_ROOM.
 */
gboolean tpm_nv_counter_make(TpmSession *tpm, const TpmNvCounter *counter, const TPM2B_AUTH *owner,
                             GError **error);
gboolean tpm_nv_counter_remove(TpmSession *tpm, TPM2_HANDLE index, const TPM2B_AUTH *owner,
                               GError **error);

#endif
