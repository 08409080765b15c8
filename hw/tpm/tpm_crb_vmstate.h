/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: VM state
 */
#ifndef TPM_TPM_CRB_VMSTATE_H
#define TPM_TPM_CRB_VMSTATE_H

#include "migration/vmstate.h"
#include "system/runstate.h"
#include "tpm_crb.h"

extern const VMStateDescription vmstate_tpm_crb;

/* Handler of VM state changes. */
void tpm_crb_vm_change(void *opaque, bool running, RunState state);

#endif
