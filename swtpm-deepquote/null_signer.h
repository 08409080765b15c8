/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who signs where the caller names nobody */
#ifndef SWTPM_DEEPQUOTE_NULL_SIGNER_H
#define SWTPM_DEEPQUOTE_NULL_SIGNER_H

#include "module.h"

/**
 * null_signer_make: a throw-away signing key with an empty authValue.
 *
 * Returns: TPM_RC_SUCCESS, a warning such as TPM_RC_OBJECT_MEMORY, or TPM_RC_FAILURE.
 */
uint32_t null_signer_make(Module *m, uint32_t *ret_handle);

/** null_signer_drop: flushes it; overwrites @m->scratch. */
void null_signer_drop(Module *m, uint32_t handle);

#endif
