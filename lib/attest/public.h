/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public areas of TPM keys: the Name, and the OpenSSL key. Spec: TPM 2.0 Part 2, section 12.2. */
#ifndef ATTEST_PUBLIC_H
#define ATTEST_PUBLIC_H

#include "attest/deepquote.h"

#include "wire/public.h"

#include <openssl/evp.h>

/**
 * dq_public_unwrap:
 * @bytes: TPM2B_PUBLIC or TPMT_PUBLIC, of an RSA or ECC key
 * @ret_public: the TPMT_PUBLIC, borrowed from @bytes
 * @ret_decoded: borrows from @bytes too
 */
gboolean dq_public_unwrap(DqBytes bytes, DqBytes *ret_public, WirePublic *ret_decoded);

/**
 * dq_public_name: nameAlg || H(TPMT_PUBLIC). Spec: TPM 2.0 Part 1, section 16.
 * @bytes: TPM2B_PUBLIC or TPMT_PUBLIC
 *
 * Returns: the bytes of the Name; 0 where this is no public area, or its hash is not available.
 */
gsize dq_public_name(DqBytes bytes, uint8_t ret_name[DQ_NAME_MAX]);

/**
 * dq_public_to_pkey: (transfer full): the key as OpenSSL has it; NULL for RSA below 2048 bits or
 * with an exponent that is none, for a point that is not on its curve, and for any but RSA and ECC
 * on NIST P-256, P-384 or P-521.
 */
EVP_PKEY *dq_public_to_pkey(const WirePublic *p);

#endif
