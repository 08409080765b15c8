/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys for escrow as a host writes them: any text is one or an error; what was read is written and
 * reads the same. */
#include "escrow/escrow-key.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_auto(DqEscrowKey) key = { .group = "" }, again = { .group = "" };
    const gboolean ok = dq_escrow_key_read((const char *)data, size, &key, &error);
    g_autofree char *text = NULL;

    g_assert_true((!ok) == (error && error->domain == DQ_ESCROW_KEY_ERROR));
    if (ok) {
        text = dq_escrow_key_write(&key);
        g_assert_true(dq_escrow_key_read(text, strlen(text), &again, NULL));
        g_assert_cmpstr(again.group, ==, key.group);
        g_assert_true(g_bytes_equal(again.public_area, key.public_area) &&
                      g_bytes_equal(again.attest, key.attest) &&
                      g_bytes_equal(again.signature, key.signature));
    }
    return 0;
}
