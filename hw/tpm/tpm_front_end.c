/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all TPM devices do alike
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "tpm_front_end.h"

bool tpm_front_end_check(TPMBackend *be, Error **errp)
{
    if (!tpm_find()) {
        error_setg(errp, "at most one TPM device is permitted");
        return false;
    }
    if (!be) {
        error_setg(errp, "'tpmdev' property is required");
        return false;
    }
    return true;
}
