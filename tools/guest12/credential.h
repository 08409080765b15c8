/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host tells of itself. Spec: docs/specs/deepquote-tpm12.md, section 1.3. */
#ifndef TOOLS_GUEST12_CREDENTIAL_H
#define TOOLS_GUEST12_CREDENTIAL_H

#include "device.h"

/**
 * host_credential: TPM_HostCredential, page by page.
 * @what: DEEPQUOTE_HOST_AK_PUBLIC and so on
 *
 * Errors: TPM12_ERROR; an empty one is TPM12_ERROR_TPM.
 */
GBytes *host_credential(Device *device, uint32_t what, GError **error);

#endif
