/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verifier's challenge to a host: any bytes are one, or nothing. */
#include "challenge.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= CHALLENGE_MAX) {
        g_autoptr(JsonNode) challenge = challenge_parse((const char *)data, size);

        g_assert_true(!challenge || JSON_NODE_HOLDS_OBJECT(challenge));
    }
    return 0;
}
