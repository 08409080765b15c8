/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hashes over a few runs of bytes, without allocating at each call. */
#ifndef ATTEST_DIGEST_H
#define ATTEST_DIGEST_H

#include "attest/deepquote.h"

#include <openssl/evp.h>

#define DQ_DIGEST_MAX 64

/** dq_digest_md: the EVP_MD of a TPM_ALG_ID, borrowed; NULL where OpenSSL has none. */
const EVP_MD *dq_digest_md(uint16_t alg);

/**
 * dq_digest: hashes @parts one after the other.
 * @ret_digest: room for DQ_DIGEST_MAX bytes; untouched on failure
 *
 * Returns: the bytes of the digest; 0 where the algorithm is not available.
 */
gsize dq_digest(uint16_t alg, const DqBytes *parts, gsize count, uint8_t *ret_digest);

/** dq_sha256: the same for SHA-256, which must be there: without it the process is aborted. */
void dq_sha256(const DqBytes *parts, gsize count, uint8_t ret_digest[DQ_HASH_SIZE]);

#endif
