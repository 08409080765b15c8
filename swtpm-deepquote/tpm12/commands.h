/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which commands of a TPM 1.2 are handled here */
#ifndef SWTPM_DEEPQUOTE_TPM12_COMMANDS_H
#define SWTPM_DEEPQUOTE_TPM12_COMMANDS_H

#include "process.h"

/** tpm12_handler: of the command with this ordinal; NULL: it is libtpms'. */
CommandHandler *tpm12_handler(uint32_t ordinal);

#endif
