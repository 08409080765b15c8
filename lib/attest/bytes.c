/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/bytes.h"

#include <openssl/crypto.h>

DqBytes dq_bytes_peek(GBytes *bytes)
{
    DqBytes b;

    b.data = g_bytes_get_data(bytes, &b.len);
    return b;
}

GBytes *dq_bytes_copy(DqBytes bytes)
{
    return g_bytes_new(bytes.data, bytes.len);
}

GBytes *dq_bytes_borrow(DqBytes bytes)
{
    return g_bytes_new_static(bytes.data, bytes.len);
}

gboolean dq_bytes_equal(DqBytes a, DqBytes b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}
