/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/label.h"

#include "attest/store.h"

#include <string.h>

static gboolean is_printable(const char *text, gsize max)
{
    gsize len = strnlen(text, max + 1);

    if (len > max || !g_utf8_validate(text, (gssize)len, NULL)) {
        return FALSE;
    }
    for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c)) {
        if (!g_unichar_isprint(g_utf8_get_char(c))) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean label_check(const char *label, GError **error)
{
    if (!is_printable(label, DQ_LABEL_MAX)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD,
                    "the name cannot be kept: give at most %d bytes of printable UTF-8",
                    DQ_LABEL_MAX);
        return FALSE;
    }
    return TRUE;
}

gboolean label_check_why(const char *why, GError **error)
{
    if (why[0] == '\0' || !is_printable(why, DQ_WHY_MAX)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD,
                    "the reason cannot be kept: give 1 to %d bytes of printable UTF-8", DQ_WHY_MAX);
        return FALSE;
    }
    return TRUE;
}
