/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: which locality owns the TPM
 */
#ifndef TPM_TPM_TIS_LOCALITY_H
#define TPM_TPM_TIS_LOCALITY_H

#include "tpm_tis.h"

static inline bool tpm_tis_is_aborting(const TPMState *s)
{
    return s->aborting_locty != TPM_TIS_NO_LOCALITY;
}

/* A guest's write to ACCESS. */
void tpm_tis_write_access(TPMState *s, uint8_t locty, uint32_t flags);

/* Makes @next the owner as a seizure does, once the command in execution, if any, is over. */
void tpm_tis_take_over(TPMState *s, uint8_t next);

/* Ends the ownership of the active locality; the highest one that has asked for it follows. */
void tpm_tis_relinquish(TPMState *s);

/* Aborts the command of the owner, which then is ready for another. */
void tpm_tis_abort(TPMState *s);

/* The command that an abort or a change of owner had to wait for is over. */
void tpm_tis_aborted(TPMState *s);

#endif
