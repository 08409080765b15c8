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

#endif
