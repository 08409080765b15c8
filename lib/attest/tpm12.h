/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of a TPM 1.2. Spec: docs/specs/deepquote-tpm12.md, section 1.1. */
#ifndef ATTEST_TPM12_H
#define ATTEST_TPM12_H

#include "attest/deepquote.h"

#include "wire/public.h"
#include "wire/signature.h"
#include "wire/tpm12-key.h"

/**
 * dq_tpm12_name: what stands for the Name of a key of a TPM 1.2.
 * @ret_public: borrows from @pubkey
 *
 * Returns: the bytes of the Name; 0 where @pubkey is no TPM_PUBKEY of an RSA key.
 */
gsize dq_tpm12_name(DqBytes pubkey, WireTpm12Pubkey *ret_public, uint8_t ret_name[DQ_NAME_MAX]);

/** dq_tpm12_public: the same key as a TPM 2.0 would have it, which may do nothing. */
WirePublic dq_tpm12_public(const WireTpm12Pubkey *p);

/**
 * dq_tpm12_verify: whether it is a signature of the only scheme with which a TPM 1.2 quotes,
 * RSASSA with SHA-1, by @key, which is one of a TPM 1.2.
 */
gboolean dq_tpm12_verify(const DqKey *key, DqBytes message, const WireSignature *signature);

#endif
