/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: registers, reset
 */
#ifndef TPM_TPM_TIS_COMMON_H
#define TPM_TPM_TIS_COMMON_H

#include "tpm_tis.h"

/* For the init function of a device: @obj is the device, of which @s is part. */
void tpm_tis_init(TPMState *s, Object *obj);

void tpm_tis_reset(TPMState *s);

TPMVersion tpm_tis_get_tpm_version(TPMState *s);

#endif
