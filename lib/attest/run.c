/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/run.h"

static void say(DqRun *r, const char *format, va_list args) G_GNUC_PRINTF(2, 0);

static void say(DqRun *r, const char *format, va_list args)
{
    g_free(r->text);
    r->text = g_strdup_vprintf(format, args);
}

gboolean dq_run_fail(DqRun *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(r, format, args);
    va_end(args);
    return FALSE;
}

gboolean dq_run_skip(DqRun *r, const char *format, ...)
{
    va_list args;

    if (!r->skipped) {
        va_start(args, format);
        say(r, format, args);
        va_end(args);
        r->skipped = TRUE;
    }
    return TRUE;
}

gboolean dq_run_note(DqRun *r, const char *format, ...)
{
    va_list args;

    if (!r->text) {
        va_start(args, format);
        say(r, format, args);
        va_end(args);
    }
    return TRUE;
}

void dq_run_clear(DqRun *r)
{
    g_clear_pointer(&r->text, g_free);
    g_clear_pointer(&r->host_key, dq_key_unref);
}
