/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hexadecimal digits, UUIDs, and the error domain. */
#include "attest/deepquote.h"

#include "wire/uuid.h"

#include <string.h>

G_DEFINE_QUARK(dq_error, dq_error)

GBytes *dq_hex_decode(const char *text, GError **error)
{
    gsize digits = strlen(text);
    g_autofree uint8_t *out = g_malloc(digits / 2 + 1);

    for (gsize i = 0; i < digits; i++) {
        int v = g_ascii_xdigit_value(text[i]);

        if (v < 0) {
            g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                        "character %" G_GSIZE_FORMAT " of the value is no hexadecimal digit: "
                        "use 0-9 and a-f only, without prefix or separators",
                        i + 1);
            return NULL;
        }
        out[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : out[i / 2] | v);
    }
    if (digits % 2 != 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "the value has an odd number of hexadecimal digits: give two for each byte");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&out), digits / 2);
}

char *dq_hex_encode(const uint8_t *data, gsize len)
{
    static const char digit[] = "0123456789abcdef";
    char *text = g_malloc(2 * len + 1);

    for (gsize i = 0; i < len; i++) {
        text[2 * i] = digit[data[i] >> 4];
        text[2 * i + 1] = digit[data[i] & 0x0f];
    }
    text[2 * len] = '\0';
    return text;
}

gboolean dq_uuid_parse(const char *text, uint8_t ret_uuid[DQ_UUID_SIZE], GError **error)
{
    WireUuid uuid;

    G_STATIC_ASSERT(sizeof(uuid) == DQ_UUID_SIZE);
    if (!wire_uuid_parse(text, strlen(text), &uuid)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "\"%s\" is no UUID: write it as 01234567-89ab-cdef-0123-456789abcdef", text);
        return FALSE;
    }
    memcpy(ret_uuid, uuid.byte, DQ_UUID_SIZE);
    return TRUE;
}

char *dq_uuid_format(const uint8_t uuid[DQ_UUID_SIZE])
{
    char text[WIRE_UUID_TEXT_SIZE];
    WireUuid u;

    memcpy(u.byte, uuid, DQ_UUID_SIZE);
    wire_uuid_format(&u, text);
    return g_strdup(text);
}
