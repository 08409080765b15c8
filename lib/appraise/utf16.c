/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/utf16.h"

enum { REPLACEMENT = 0xFFFD };

static gboolean is_high(uint32_t c)
{
    return c >= 0xD800 && c < 0xDC00;
}

static gboolean is_low(uint32_t c)
{
    return c >= 0xDC00 && c < 0xE000;
}

/* The next character; REPLACEMENT for what is none. */
static gunichar next(WireReader *r)
{
    uint16_t first, second;
    WireReader after;

    if (!wire_get_le16(r, &first)) {
        *r = WIRE_READER(NULL, 0);
        return REPLACEMENT;
    }
    after = *r;
    if (is_high(first) && wire_get_le16(&after, &second) && is_low(second)) {
        *r = after;
        return 0x10000u + ((first & 0x3FFu) << 10) + (second & 0x3FFu);
    }
    return first == 0 || is_high(first) || is_low(first) ? REPLACEMENT : first;
}

char *dq_utf16_text(WireBytes text)
{
    GString *out = g_string_new(NULL);
    WireReader r;

    while (text.len >= 2 && text.len % 2 == 0 && text.p[text.len - 1] == 0 &&
           text.p[text.len - 2] == 0) {
        text.len -= 2;
    }
    r = WIRE_READER(text.p, text.len);
    while (r.left > 0) {
        g_string_append_unichar(out, next(&r));
    }
    return g_string_free(out, FALSE);
}

gboolean dq_utf16_take(WireReader *r, WireBytes *ret_text)
{
    WireReader t = *r;
    uint16_t c;

    while (wire_get_le16(&t, &c)) {
        if (c == 0) {
            *ret_text = (WireBytes){ r->p, r->left - t.left - 2 };
            *r = t;
            return TRUE;
        }
    }
    return FALSE;
}
