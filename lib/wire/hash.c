/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hash.h"

static const struct {
    uint16_t alg;
    uint16_t size;
} hashes[] = {
    { TPM_ALG_SHA1, 20 },     { TPM_ALG_SHA256, 32 },   { TPM_ALG_SHA384, 48 },
    { TPM_ALG_SHA512, 64 },   { TPM_ALG_SM3_256, 32 },  { TPM_ALG_SHA3_256, 32 },
    { TPM_ALG_SHA3_384, 48 }, { TPM_ALG_SHA3_512, 64 },
};

size_t wire_hash_size(uint16_t alg)
{
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (hashes[i].alg == alg) {
            return hashes[i].size;
        }
    }
    return 0;
}
