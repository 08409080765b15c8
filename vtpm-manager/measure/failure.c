/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/failure.h"

#include <stdarg.h>

gboolean measure_fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(error, g_error_new_valist(G_FILE_ERROR, G_FILE_ERROR_FAILED, format, args));
    va_end(args);
    return FALSE;
}
