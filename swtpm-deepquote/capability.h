/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SWTPM_DEEPQUOTE_CAPABILITY_H
#define SWTPM_DEEPQUOTE_CAPABILITY_H

#include "module.h"

/** get_capability_command: TPM2_GetCapability, which lists our commands as well. */
TPM_RESULT get_capability_command(Module *m, const TpmCall *call);

#endif
