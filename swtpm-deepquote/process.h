/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SWTPM_DEEPQUOTE_PROCESS_H
#define SWTPM_DEEPQUOTE_PROCESS_H

#include "module.h"

/** What answers a command of ours. */
typedef TPM_RESULT CommandHandler(Module *m, const TpmCall *call);

/** module_process: TPMLIB_Process of an active module. */
TPM_RESULT module_process(Module *m, const TpmCall *call);

/** module_pass: the command as libtpms answers it. */
TPM_RESULT module_pass(Module *m, const TpmCall *call);

/** module_respond: @bytes as the response; TPM_SIZE if there is no memory for it. */
TPM_RESULT module_respond(const TpmCall *call, WireBytes bytes);

/** module_respond_rc: a response of a header with @rc. */
TPM_RESULT module_respond_rc(const TpmCall *call, uint32_t rc);

#endif
