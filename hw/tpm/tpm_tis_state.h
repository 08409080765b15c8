/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: the states of a locality
 */
#ifndef TPM_TPM_TIS_STATE_H
#define TPM_TPM_TIS_STATE_H

#include "tpm_tis.h"

typedef enum TPMTISEvent {
    TPM_TIS_MAKE_READY, /* STS.commandReady was written, or an abort is over */
    TPM_TIS_FIRST_BYTE, /* a command begins to arrive */
    TPM_TIS_GO,         /* STS.tpmGo was written after the last byte */
    TPM_TIS_RESPONDED,  /* the back end has answered */
    TPM_TIS_RETRY,      /* STS.responseRetry was written */
    TPM_TIS_DROP,       /* the locality has lost the TPM */
    TPM_TIS_EVENTS,
} TPMTISEvent;

/* Is there such a transition? What a guest may cause is asked before it is done. */
bool tpm_tis_may(const TPMState *s, uint8_t locty, TPMTISEvent event);

/* Does a transition, which has to be there, with what belongs to entering the new state. */
void tpm_tis_move(TPMState *s, uint8_t locty, TPMTISEvent event);

/* Sets these flags in STS and clears the others; self-test result and family outlive all states. */
void tpm_tis_set_sts(TPMLocality *l, uint32_t flags);

#endif
