/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An attestation identity key, made by way of TrouSerS and its daemon. */
#ifndef TOOLS_GUEST12_AIK_H
#define TOOLS_GUEST12_AIK_H

#include "secret.h"

/** What is needed to make one. */
typedef struct AikRequest {
    Secret owner_secret, srk_secret;
    Secret aik_secret;
    gboolean has_secret; /* whether the new key's use has to be authorized, by @aik_secret */
} AikRequest;

/**
 * aik_create:
 *
 * Makes a key of 2,048 bits below the SRK and has the TPM activate it: a secret that is encrypted
 * for its endorsement key comes back only where that TPM has this very identity key. Spec: TPM Main
 * Part 3, TPM_MakeIdentity and TPM_ActivateIdentity.
 *
 * Returns: (transfer full): TPM_KEY, which any TPM but this one is unable to use.
 * Errors: TPM12_ERROR_TPM.
 */
GBytes *aik_create(const AikRequest *request, GError **error);

#endif
