/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collections: any bytes are one or an error; what was read is written, in both forms, and reads
 * the same. */
#include "cmw/cmw.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const DqCmw *cmw, DqCmwForm form)
{
    g_autoptr(GBytes) encoded = dq_cmw_encode(cmw, form);
    g_autoptr(GError) error = NULL;
    g_auto(DqCmw) again = { 0 };

    g_assert_true(dq_cmw_decode(encoded, &again, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < DQ_CMW_PARTS; i++) {
        g_assert_true(!cmw->part[i] == !again.part[i]);
        g_assert_true(!cmw->part[i] || g_bytes_equal(cmw->part[i], again.part[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GError) error = NULL;
    g_auto(DqCmw) cmw = { 0 };
    const gboolean ok = dq_cmw_decode(bytes, &cmw, &error);

    g_assert_true(ok == !error && (ok || error->domain == DQ_CMW_ERROR));
    if (ok) {
        compare(&cmw, DQ_CMW_JSON);
        compare(&cmw, DQ_CMW_CBOR);
    }
    return 0;
}
