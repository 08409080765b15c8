/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/base64url.h"

#include <string.h>

char *dq_base64url(DqBytes bytes)
{
    char *text = bytes.len > 0 ? g_base64_encode(bytes.data, bytes.len) : g_strdup("");

    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[strcspn(text, "=")] = '\0';
    return text;
}

/* 0 to 63; -1 for a byte that is no letter. */
static int value_of(uint8_t letter)
{
    if (letter >= 'A' && letter <= 'Z') {
        return letter - 'A';
    }
    if (letter >= 'a' && letter <= 'z') {
        return letter - 'a' + 26;
    }
    if (letter >= '0' && letter <= '9') {
        return letter - '0' + 52;
    }
    return letter == '-' ? 62 : letter == '_' ? 63 : -1;
}

GBytes *dq_base64url_decode(DqBytes text)
{
    const gsize size = text.len / 4 * 3 + text.len % 4 * 3 / 4;
    g_autofree uint8_t *out = g_malloc(size + 1);
    gsize done = 0;
    uint32_t bits = 0;
    unsigned count = 0;

    for (gsize i = 0; i < text.len; i++) {
        const int value = value_of(text.data[i]);

        if (value < 0) {
            return NULL;
        }
        bits = (bits << 6 | (uint32_t)value) & 0xfff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[done++] = (uint8_t)(bits >> count);
        }
    }
    if (count == 6 || (bits & ((1U << count) - 1)) != 0) {
        return NULL; /* a letter too many, or bits that say nothing */
    }
    return g_bytes_new_take(g_steal_pointer(&out), done);
}
