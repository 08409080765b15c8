/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The response of a TPM that has failed
 */
#ifndef HW_TPM_FAILURE_H
#define HW_TPM_FAILURE_H

#include "sysemu/tpm_util.h"

#define TPM_FAILURE_SIZE 10

/**
 * tpm_put_failure:
 * @out: room for TPM_FAILURE_SIZE bytes
 *
 * Writes TPM_FAIL of TPM 1.2 or TPM_RC_FAILURE of TPM 2.0, each under its own tag.
 */
static inline void tpm_put_failure(uint8_t *out, TPMVersion version)
{
    bool tpm2 = version == TPM_VERSION_2_0;

    tpm_cmd_set_tag(out, tpm2 ? 0x8001 : 0xc4);
    tpm_cmd_set_size(out, TPM_FAILURE_SIZE);
    tpm_cmd_set_error(out, tpm2 ? 0x101 : 9);
}

#endif
