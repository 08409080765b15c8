/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: when commands of the host are sent
 */
#ifndef BACKENDS_TPM_EMULATOR_HOST_H
#define BACKENDS_TPM_EMULATOR_HOST_H

#include "tpm_emulator_int.h"

void tpm_emulator_host_init(TPMEmulator *s);
void tpm_emulator_host_finalize(TPMEmulator *s);

/* Methods of TPMBackendExt: see there. */
TpmHostCommand *tpm_emulator_host_command(TPMBackend *tb, const TPMHostRequest *request,
                                          Error **errp);
TpmHostCommand *tpm_emulator_host_query(TPMBackend *tb, uint32_t number, Error **errp);

/* Whether the guest is in a hash sequence, in which none is sent. */
void tpm_emulator_host_set_hashing(TPMEmulator *s, bool hashing);

#endif
