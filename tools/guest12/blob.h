/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of an attestation identity key. Spec: TPM Main Part 2, sections 10.2 and 10.3. */
#ifndef TOOLS_GUEST12_BLOB_H
#define TOOLS_GUEST12_BLOB_H

#include "wire/tpm12-key.h"

#include <glib.h>

/** A TPM_KEY or TPM_KEY12 that a TPM can load and quote with. */
typedef struct AikBlob {
    WireBytes bytes;
    gboolean has_secret; /* whether its use has to be authorized */
} AikBlob;

/**
 * blob_parse:
 * @bytes: all of the file; borrowed by @ret
 * @ret_public: (transfer full) (nullable): its TPM_PUBKEY
 *
 * Errors: TPM12_ERROR_INPUT: it is none, or its key does not sign with RSA and SHA-1.
 */
gboolean blob_parse(WireBytes bytes, AikBlob *ret, GBytes **ret_public, GError **error);

#endif
