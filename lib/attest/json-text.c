/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/json-text.h"

/** Where in the text it is. */
typedef struct Scan {
    guint depth, levels;
    gboolean in_string, over;
} Scan;

static gboolean take_bracket(Scan *s, gboolean opens)
{
    if (opens) {
        s->depth++;
        return s->depth <= s->levels;
    }
    if (s->depth == 0) {
        return FALSE;
    }
    s->depth--;
    s->over = s->depth == 0;
    return TRUE;
}

/* What is in no string. To json-glib three of these begin a comment or another kind of string. */
static gboolean take_outside(Scan *s, uint8_t c)
{
    const gboolean opens = c == '{' || c == '[';

    if (g_ascii_isspace((char)c)) {
        return TRUE;
    }
    if (s->over || (s->depth == 0 && !opens) || c == '/' || c == '#' || c == '\'') {
        return FALSE;
    }
    s->in_string = c == '"';
    return (!opens && c != '}' && c != ']') || take_bracket(s, opens);
}

gboolean dq_json_is_one(DqBytes text, guint levels)
{
    Scan s = { .levels = levels };

    for (gsize i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];

        if (!s.in_string) {
            if (!take_outside(&s, c)) {
                return FALSE;
            }
        } else if (c == '\\') {
            i++;
        } else {
            s.in_string = c != '"';
        }
    }
    return s.over;
}
