/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: registers
 */
#ifndef TPM_TPM_CRB_REGS_H
#define TPM_TPM_CRB_REGS_H

#include "tpm_crb.h"

extern const MemoryRegionOps tpm_crb_memory_ops;

/* 32 bits of register @offset as @locty reads them. */
uint32_t tpm_crb_read(CRBState *s, uint8_t locty, hwaddr offset);

#endif
