/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/hash.h"

#include <string.h>

const WireHash wire_hashes[WIRE_HASHES] = {
    { TPM_ALG_SHA1, 20, "sha1", "SHA-1" },
    { TPM_ALG_SHA256, 32, "sha256", "SHA-256" },
    { TPM_ALG_SHA384, 48, "sha384", "SHA-384" },
    { TPM_ALG_SHA512, 64, "sha512", "SHA-512" },
    { TPM_ALG_SM3_256, 32, "sm3_256", "SM3" },
    { TPM_ALG_SHA3_256, 32, "sha3_256", "SHA3-256" },
    { TPM_ALG_SHA3_384, 48, "sha3_384", "SHA3-384" },
    { TPM_ALG_SHA3_512, 64, "sha3_512", "SHA3-512" },
};

const WireHash *wire_hash_find(uint16_t alg)
{
    for (size_t i = 0; i < WIRE_HASHES; i++) {
        if (wire_hashes[i].alg == alg) {
            return &wire_hashes[i];
        }
    }
    return NULL;
}

const WireHash *wire_hash_find_name(const char *name, size_t len)
{
    for (size_t i = 0; i < WIRE_HASHES; i++) {
        const WireHash *h = &wire_hashes[i];

        if (len < sizeof(h->name) && memcmp(h->name, name, len) == 0 && h->name[len] == '\0') {
            return h;
        }
    }
    return NULL;
}

size_t wire_hash_size(uint16_t alg)
{
    const WireHash *h = wire_hash_find(alg);

    return h ? h->size : 0;
}
