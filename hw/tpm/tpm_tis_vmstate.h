/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: VM state
 */
#ifndef TPM_TPM_TIS_VMSTATE_H
#define TPM_TPM_TIS_VMSTATE_H

#include "migration/vmstate.h"
#include "tpm_tis.h"

/* All that the section "tpm-tis" of either device holds. */
extern const VMStateDescription vmstate_tpm_tis;

/* For QEMU's tpm_tis_i2c.c: one locality, as it is in the section. */
extern const VMStateDescription vmstate_locty;

/* Before the state is saved: no command is in execution afterwards. Returns: 0. */
int tpm_tis_pre_save(TPMState *s);

#endif
