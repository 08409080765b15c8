/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of a TPM 1.2. Spec: docs/specs/deepquote-tpm12.md, section 1.1. */
#ifndef ATTEST_TPM12_H
#define ATTEST_TPM12_H

#include "attest/deepquote.h"

#include "wire/tpm12-key.h"

/**
 * dq_tpm12_name: what stands for the Name of a key of a TPM 1.2.
 * @ret_public: borrows from @pubkey
 *
 * Returns: the bytes of the Name; 0 where @pubkey is no TPM_PUBKEY of an RSA key.
 */
gsize dq_tpm12_name(DqBytes pubkey, WireTpm12Pubkey *ret_public, uint8_t ret_name[DQ_NAME_MAX]);

#endif
