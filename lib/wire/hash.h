/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hash algorithms: the one table of them. */
#ifndef WIRE_HASH_H
#define WIRE_HASH_H

#include "wire/tpm-constants.h"

typedef struct WireHash {
    uint16_t alg;           /* TPM_ALG_* */
    uint16_t size;          /* bytes of a digest */
    char name[10];          /* as tpm2-tools and policies write it: "sha3_256" */
    char standard_name[10]; /* as its standard calls it, and so does OpenSSL: "SHA3-256" */
} WireHash;

enum { WIRE_HASHES = 8 };

extern const WireHash wire_hashes[WIRE_HASHES];

/** wire_hash_find: NULL for an algorithm that is not known. */
const WireHash *wire_hash_find(uint16_t alg);

/** wire_hash_find_name: @name is of @len bytes, lower case; NULL for one that is not known. */
const WireHash *wire_hash_find_name(const char *name, size_t len);

/** wire_hash_size: digest bytes of a hash algorithm; 0 for one that is not known. */
size_t wire_hash_size(uint16_t alg);

#endif
