/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escrows that are opened: any bytes are one or an error; what was read is written as it was. */
#include "escrow/escrow.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DqEscrow) escrow = dq_escrow_decode((DqBytes){ data, size }, &error);
    g_auto(DqSecret) bytes = { 0 };

    g_assert_true((!escrow) == g_error_matches(error, DQ_ESCROW_ERROR, DQ_ESCROW_ERROR_MALFORMED));
    if (escrow) {
        dq_escrow_encode(escrow, &bytes);
        g_assert_cmpmem(bytes.data, bytes.len, data, size);
    }
    return 0;
}
