/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long evidence and responses are, and can be: asked of what encodes them. */
#ifndef WIRE_SIZE_H
#define WIRE_SIZE_H

#include "wire/auth.h"
#include "wire/pcr.h"
#include "wire/response.h"

/**
 * wire_evidence_bound: bytes that no evidence exceeds.
 * @host_pcrs: what the host's quote selects
 * @binding: bytes of the binding
 * @path: nodes of the inclusion proof, at most DEEPQUOTE_PATH_MAX
 *
 * Holds for a host key of RSA-2048 or of a NIST curve, whose quote is over SHA-256 digests.
 *
 * Returns: SIZE_MAX where no evidence can have the values of @host_pcrs.
 */
size_t wire_evidence_bound(const WirePcrSelection *host_pcrs, size_t binding, unsigned path);

/** wire_binding_bound: bytes that no binding exceeds for which these flags are asked. */
size_t wire_binding_bound(uint32_t flags);

/** wire_deepquote_response_size: bytes of the response that is made of @resp. */
size_t wire_deepquote_response_size(const WireDeepQuoteResponse *resp);

/**
 * wire_deepquote_response_bound: what the response takes at most beside its evidence.
 * @signs: whether a key signs; else the signature is TPM_ALG_NULL
 * @auth: of the command
 * @nonce_len: bytes of extraData
 * @pcrs: what the vTPM is to quote
 */
size_t wire_deepquote_response_bound(bool signs, const WireAuthArea *auth, size_t nonce_len,
                                     const WirePcrSelection *pcrs);

#endif
