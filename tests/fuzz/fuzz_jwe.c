/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealed text: any bytes are taken apart or are an error, and whatever is in it opens with no key.
 */
#include "escrow/escrow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[DQ_JWE_KEY_SIZE];
    g_autoptr(GError) error = NULL;
    g_auto(DqJwe) jwe = { 0 };
    g_auto(DqSecret) plain = { 0 };

    if (dq_jwe_read((DqBytes){ data, size }, DQ_ESCROW_TYPE, &jwe, &error)) {
        g_assert_false(dq_jwe_open(&jwe, key, &plain, &error));
        g_assert_error(error, DQ_JWE_ERROR, DQ_JWE_ERROR_SEALED);
    } else {
        g_assert_error(error, DQ_JWE_ERROR, DQ_JWE_ERROR_MALFORMED);
    }
    return 0;
}
