/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/failure.h"

#include <stdarg.h>

gboolean measure_fail(GError **error, const char *format, ...)
{
    g_autofree char *why = NULL;
    va_list args;

    va_start(args, format);
    why = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, why);
    return FALSE;
}
