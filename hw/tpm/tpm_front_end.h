/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all TPM devices do alike
 */
#ifndef TPM_TPM_FRONT_END_H
#define TPM_TPM_FRONT_END_H

#include "system/tpm_backend.h"

/**
 * tpm_front_end_check:
 * @be: (nullable): of the property tpmdev
 *
 * For a device that is being realized. Returns: false with @errp set where it cannot be.
 */
bool tpm_front_end_check(TPMBackend *be, Error **errp);

#endif
