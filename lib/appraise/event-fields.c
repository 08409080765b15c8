/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/event-fields.h"

#include "appraise/uefi-guid.h"
#include "appraise/utf16.h"
#include "attest/deepquote.h"

enum { HEX_MAX = 32 };

static void field_clear(gpointer data)
{
    g_free(((DqEventField *)data)->text);
}

GArray *dq_fields_new(void)
{
    GArray *fields = g_array_new(FALSE, FALSE, sizeof(DqEventField));

    g_array_set_clear_func(fields, field_clear);
    return fields;
}

static void append(GArray *fields, const char *name, char *text, gboolean ours)
{
    const DqEventField field = { name, text, ours };

    if (fields->len < DQ_FIELDS_MAX) {
        g_array_append_val(fields, field);
    } else {
        g_free(text);
    }
}

void dq_fields_say(GArray *fields, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    append(fields, name, g_strdup_vprintf(format, args), TRUE);
    va_end(args);
}

void dq_fields_take(GArray *fields, const char *name, char *text)
{
    append(fields, name, text, FALSE);
}

static WireBytes without_zeroes(WireBytes b)
{
    while (b.len > 0 && b.p[b.len - 1] == 0) {
        b.len--;
    }
    return b;
}

void dq_fields_utf8(GArray *fields, const char *name, WireBytes text)
{
    const WireBytes b = without_zeroes(text);

    append(fields, name,
           b.len > 0 ? g_utf8_make_valid((const char *)b.p, (gssize)MIN(b.len, DQ_FIELD_TEXT_MAX))
                     : g_strdup(""),
           FALSE);
    if (b.len > DQ_FIELD_TEXT_MAX) {
        dq_fields_say(fields, "cut", "after %d of %" G_GSIZE_FORMAT " bytes", DQ_FIELD_TEXT_MAX,
                      b.len);
    }
}

void dq_fields_utf16(GArray *fields, const char *name, WireBytes text)
{
    const WireBytes kept = { text.p, MIN(text.len, 2 * DQ_FIELD_TEXT_MAX) };

    append(fields, name, dq_utf16_text(kept), FALSE);
    if (kept.len < text.len) {
        dq_fields_say(fields, "cut", "after %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes",
                      kept.len, text.len);
    }
}

void dq_fields_hex(GArray *fields, const char *name, WireBytes bytes)
{
    g_autofree char *digits = dq_hex_encode(bytes.p, MIN(bytes.len, HEX_MAX));

    dq_fields_say(fields, name, "%s%s", digits, bytes.len > HEX_MAX ? "..." : "");
    dq_fields_say(fields, "size", "%" G_GSIZE_FORMAT, bytes.len);
}

static gboolean is_character(gunichar c)
{
    return g_unichar_isprint(c) || c == '\n' || c == '\t';
}

static gboolean is_printable(WireBytes b)
{
    const char *text = (const char *)b.p;

    if (b.len == 0 || !g_utf8_validate_len(text, b.len, NULL)) {
        return FALSE;
    }
    for (const char *c = text; c < text + b.len; c = g_utf8_next_char(c)) {
        if (!is_character(g_utf8_get_char(c))) {
            return FALSE;
        }
    }
    return TRUE;
}

/* UTF-16 with nothing but ASCII among its first characters. */
static gboolean is_wide(WireBytes b)
{
    if (b.len < 2 || b.len % 2 != 0 || b.p[0] == 0) {
        return FALSE;
    }
    for (gsize i = 0; i < MIN(b.len, 16); i += 2) {
        const gboolean end = i + 2 == b.len && b.p[i] == 0;

        if (b.p[i + 1] != 0 || (!end && (b.p[i] >= 0x80 || !is_character(b.p[i])))) {
            return FALSE;
        }
    }
    return TRUE;
}

void dq_fields_any(GArray *fields, const char *name, WireBytes bytes)
{
    if (is_wide(bytes)) {
        dq_fields_utf16(fields, name, bytes);
    } else if (is_printable(without_zeroes(bytes))) {
        dq_fields_utf8(fields, name, bytes);
    } else {
        dq_fields_hex(fields, name, bytes);
    }
}

void dq_fields_guid(GArray *fields, const char *name, const uint8_t *guid)
{
    char text[DQ_GUID_TEXT_SIZE];
    const char *known = dq_guid_name(guid);

    dq_guid_format(guid, text);
    if (known) {
        dq_fields_say(fields, name, "%s (%s)", text, known);
    } else {
        dq_fields_say(fields, name, "%s", text);
    }
}
