/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SWTPM_DEEPQUOTE_TPM12_DEEPQUOTE12_H
#define SWTPM_DEEPQUOTE_TPM12_DEEPQUOTE12_H

#include "module.h"

/** tpm12_deepquote_command: TPM_DeepQuote. */
TPM_RESULT tpm12_deepquote_command(Module *m, const TpmCall *call);

#endif
