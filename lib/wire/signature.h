/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures. Spec: TPM 2.0 Part 2, section 11.3. */
#ifndef WIRE_SIGNATURE_H
#define WIRE_SIGNATURE_H

#include "wire/tpm-constants.h"

/** TPMT_SIGNATURE: RSASSA, RSAPSS; ECDSA, ECDAA, SM2, ECSCHNORR; HMAC; TPM_ALG_NULL. */
typedef struct WireSignature {
    uint16_t alg;
    uint16_t hash; /* 0 for TPM_ALG_NULL */
    WireBytes r;   /* RSA: the signature; ECC: signatureR; HMAC: the digest */
    WireBytes s;   /* ECC: signatureS; else empty */
} WireSignature;

bool wire_get_signature(WireReader *r, WireSignature *ret);
bool wire_decode_signature(WireBytes bytes, WireSignature *ret);
bool wire_put_signature(WireWriter *w, const WireSignature *s);

#endif
