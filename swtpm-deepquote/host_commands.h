/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SWTPM_DEEPQUOTE_HOST_COMMANDS_H
#define SWTPM_DEEPQUOTE_HOST_COMMANDS_H

#include "module.h"

/** host_pcr_read_command: TPM2_HostPCRRead. */
TPM_RESULT host_pcr_read_command(Module *m, const TpmCall *call);

/** host_credential_command: TPM2_HostCredential. */
TPM_RESULT host_credential_command(Module *m, const TpmCall *call);

#endif
