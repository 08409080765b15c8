/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public areas of keys. Spec: TPM 2.0 Part 2, section 12.2. */
#ifndef WIRE_PUBLIC_H
#define WIRE_PUBLIC_H

#include "wire/scheme.h"

/** TPMT_PUBLIC of an RSA or ECC key. */
typedef struct WirePublic {
    uint16_t type;
    uint16_t name_alg;
    uint32_t attributes; /* TPMA_OBJECT */
    WireBytes auth_policy;
    uint16_t sym_alg; /* TPM_ALG_NULL for a signing key; then the two below are 0 */
    uint16_t sym_key_bits;
    uint16_t sym_mode;
    WireSigScheme scheme;
    uint16_t rsa_key_bits; /* RSA */
    uint32_t rsa_exponent; /* RSA; 0 means 65537 */
    WireBytes rsa_modulus; /* RSA */
    uint16_t ecc_curve;    /* ECC */
    uint16_t kdf_scheme;   /* ECC; TPM_ALG_NULL or with kdf_hash */
    uint16_t kdf_hash;     /* ECC */
    WireBytes ecc_x;       /* ECC */
    WireBytes ecc_y;       /* ECC */
} WirePublic;

/** wire_decode_public: @bytes is a TPMT_PUBLIC (what the Name's digest is over). */
bool wire_decode_public(WireBytes bytes, WirePublic *ret);
bool wire_put_public(WireWriter *w, const WirePublic *p);

#endif
