/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_html.h"

#include <stdint.h>

void html_put(GString *out, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_markup_vprintf_escaped(format, args);
    va_end(args);
    g_string_append(out, text);
}

/* GLib writes control characters as references, which no text of ours has: a & is &amp; by now. */
static const char *read_reference(const char *c, gunichar *ret)
{
    char *end;
    const uint64_t value = g_str_has_prefix(c, "&#x") ? g_ascii_strtoull(c + 3, &end, 16) : 0;

    if (value == 0 || *end != ';') {
        return NULL;
    }
    *ret = (gunichar)value;
    return end + 1;
}

char *html_finish(GString *out)
{
    g_autofree char *text = g_utf8_make_valid(out->str, (gssize)out->len);
    GString *page = g_string_sized_new(out->len);

    for (const char *c = text, *next; *c != '\0'; c = next) {
        gunichar u = g_utf8_get_char(c);
        const char *behind = read_reference(c, &u);

        next = behind ? behind : g_utf8_next_char(c);
        if (!behind && (u == '\n' || g_unichar_isprint(u))) {
            g_string_append_unichar(page, u);
        } else {
            g_string_append_printf(page, "\\u%04x", u);
        }
    }
    g_string_free(out, TRUE);
    return g_string_free(page, FALSE);
}
