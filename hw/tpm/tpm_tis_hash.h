/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: the locality-4 hash sequence
 */
#ifndef TPM_TPM_TIS_HASH_H
#define TPM_TPM_TIS_HASH_H

#include "tpm_tis.h"

/* TIS 1.3, PTP: TPM_HASH_START, TPM_HASH_DATA, TPM_HASH_END. */
void tpm_tis_hash_start(TPMState *s);
void tpm_tis_hash_data(TPMState *s, uint8_t byte);
void tpm_tis_hash_end(TPMState *s);

#endif
