/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SWTPM_DEEPQUOTE_DEEPQUOTE_H
#define SWTPM_DEEPQUOTE_DEEPQUOTE_H

#include "module.h"

/** deepquote_command: TPM2_DeepQuote. */
TPM_RESULT deepquote_command(Module *m, const TpmCall *call);

#endif
