/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: interrupts
 */
#ifndef TPM_TPM_TIS_IRQ_H
#define TPM_TPM_TIS_IRQ_H

#include "tpm_tis.h"

/* Sets the enabled ones of @flags, TPM_TIS_INT_*, in the status of @locty; raises the interrupt. */
void tpm_tis_raise(TPMState *s, uint8_t locty, uint32_t flags);

/* Sets the interrupt line by what is enabled and pending. */
void tpm_tis_update_irq(TPMState *s);

#endif
