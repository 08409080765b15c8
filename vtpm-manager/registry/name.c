/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/name.h"

#include <string.h>

#include "registry/error.h"
#include "registry/record.h"

static gboolean is_text(const char *name)
{
    if (!g_utf8_validate(name, -1, NULL)) {
        return FALSE;
    }
    for (; *name; name = g_utf8_next_char(name)) {
        if (g_unichar_iscntrl(g_utf8_get_char(name))) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean registry_name_check(const char *what, const char *name, gsize min, GError **error)
{
    gsize size = strlen(name);

    if (size >= min && size <= REGISTRY_NAME_MAX && is_text(name)) {
        return TRUE;
    }
    g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                "the name of a %s is text of %" G_GSIZE_FORMAT " to %d bytes in UTF-8, without "
                "control characters: give a shorter or plainer one",
                what, min, REGISTRY_NAME_MAX);
    return FALSE;
}
