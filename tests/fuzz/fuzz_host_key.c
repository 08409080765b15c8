/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of hosts that are to be enrolled: a TPM2B_PUBLIC, or JSON of a host's manager. */
#include "host_key.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DqKey) key = NULL;
    DqStoreHost host, before;

    memset(&host, 0x5a, sizeof(host));
    before = host;
    if (size > HOST_KEY_MAX) {
        return 0;
    }
    if (!host_key_read(data, size, &host, &error)) {
        g_assert_nonnull(error);
        g_assert_cmpmem(&host, sizeof(host), &before, sizeof(before));
        return 0;
    }
    key = dq_key_new(host.public_area, host.public_len, NULL);
    g_assert_nonnull(key);
    g_assert_true(dq_key_is_attestation_key(key));
    g_assert_true(dq_key_get_name(key).len == host.name.len &&
                  memcmp(dq_key_get_name(key).data, host.name.data, host.name.len) == 0);
    return 0;
}
