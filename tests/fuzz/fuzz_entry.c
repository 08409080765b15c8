/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of a journal: any bytes are one or none; one that was read is written the same. */
#include "store/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) text = NULL;
    DqEntry entry;

    if (dq_entry_read(data, size, &entry)) {
        gsize len;
        const void *again;

        text = dq_entry_write(&entry);
        again = g_bytes_get_data(text, &len);
        g_assert_cmpmem(again, len, data, size);
    }
    return 0;
}
