/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/escape.h"

static gboolean shows(gunichar c, gboolean utf8)
{
    if (c == '\\' || !g_unichar_isprint(c)) {
        return FALSE;
    }
    return c < 0x80 ? TRUE : utf8;
}

static void append_escape(GString *out, gunichar c)
{
    static const char letters[] = "abtnvfr"; /* from 7 on, as in C */

    if (c == '\\') {
        g_string_append(out, "\\\\");
    } else if (c >= 7 && c < 7 + sizeof(letters) - 1) {
        g_string_append_printf(out, "\\%c", letters[c - 7]);
    } else if (c < 0x80) {
        g_string_append_printf(out, "\\x%02x", c);
    } else if (c <= 0xffff) {
        g_string_append_printf(out, "\\u%04x", c);
    } else {
        g_string_append_printf(out, "\\U%08x", c);
    }
}

char *escape_text(const char *text, gsize max)
{
    GString *out = g_string_new(NULL);
    gboolean utf8 = g_get_charset(NULL);

    for (gsize shown = 0; *text != '\0'; shown++) {
        gunichar c = g_utf8_get_char_validated(text, -1);

        if (shown == max) {
            g_string_append(out, "...");
            break;
        }
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_printf(out, "\\x%02x", (guchar)*text);
            text++;
            continue;
        }
        if (shows(c, utf8)) {
            g_string_append_unichar(out, c);
        } else {
            append_escape(out, c);
        }
        text = g_utf8_next_char(text);
    }
    return g_string_free(out, FALSE);
}
