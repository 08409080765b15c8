/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor_check.h"

#include "common/escape.h"

enum { TEXT_MAX = 1000 };

void doctor_found(DoctorFinding *ret, DoctorResult result, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_free(ret->what);
    ret->what = escape_text(text, TEXT_MAX); /* it may quote what others chose */
    ret->result = result;
}
