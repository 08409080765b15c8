/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's firmware measured, compared with the start before. */
#ifndef VTPM_MANAGER_TPM_BOOT_H
#define VTPM_MANAGER_TPM_BOOT_H

#include "tpm/info.h"

/**
 * tpm_boot_compare:
 * @state_dir: keeps what was seen, in the file boot-pcrs
 *
 * Logs which of PCRs 0 to 7 are not what they were at the manager's last start, and whether the TPM
 * has other firmware: verifiers with reference values refuse the host from now on. Where that
 * cannot be told, nothing is said.
 */
void tpm_boot_compare(TpmSession *tpm, const TpmInfo *info, const char *state_dir);

#endif
