/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: commands and responses through the FIFO
 */
#ifndef TPM_TPM_TIS_TRANSFER_H
#define TPM_TPM_TIS_TRANSFER_H

#include "tpm_tis.h"

/* A guest's write of commandReady, tpmGo or responseRetry to STS: one at a time. */
void tpm_tis_write_sts_command(TPMState *s, uint8_t locty, uint32_t flags);

/* Bytes that the FIFO takes or gives without a wait state. */
uint32_t tpm_tis_burst_count(const TPMState *s, uint8_t locty);

uint8_t tpm_tis_fifo_read(TPMState *s, uint8_t locty);
void tpm_tis_fifo_write(TPMState *s, uint8_t locty, uint8_t byte);

void tpm_tis_request_completed(TPMState *s, int ret);

#endif
