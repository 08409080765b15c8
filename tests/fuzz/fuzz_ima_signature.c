/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures of files: the first 32 bytes are a digest, then a signature and, behind it, a key. */
#include "appraise/ima-signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const gsize half = size > 32 ? (size - 32) / 2 : 0;
    g_autoptr(GBytes) key =
        g_bytes_new(size > 32 ? data + 32 + half : NULL, size > 32 ? size - 32 - half : 0);
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    const DqImaFields f = { .known = TRUE,
                            .digest = { { (const uint8_t *)"sha256", 6 }, { data, 32 } },
                            .signature = { data + 32, half } };

    g_ptr_array_add(keys, key);
    if (size > 32) {
        dq_ima_is_signed(&f, keys);
    }
    return 0;
}
