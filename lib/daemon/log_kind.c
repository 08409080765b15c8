/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/log_kind.h"

#include <inttypes.h>
#include <stdarg.h>

/* Those whose interval runs. */
static LogKind *running;

static void end(LogKind *kind)
{
    LogKind **place = &running;

    while (*place != kind) {
        place = &(*place)->next;
    }
    *place = kind->next;
    g_source_destroy(kind->end);
    g_clear_pointer(&kind->end, g_source_unref);
    if (kind->left_out > 0) {
        g_warning("%s: %" PRIu64 " more were not logged", kind->what, kind->left_out);
    }
    kind->written = 0;
    kind->left_out = 0;
}

static gboolean interval_over(gpointer data)
{
    end(data);
    return G_SOURCE_REMOVE;
}

static void begin(LogKind *kind)
{
    kind->end = g_timeout_source_new_seconds(kind->seconds);
    g_source_set_callback(kind->end, interval_over, kind, NULL);
    g_source_attach(kind->end, NULL);
    kind->next = running;
    running = kind;
}

void log_kind_warn(LogKind *kind, const char *format, ...)
{
    va_list args;

    if (!kind->end) {
        begin(kind);
    }
    if (kind->written == kind->lines) {
        kind->left_out++;
        return;
    }
    kind->written++;
    va_start(args, format);
    g_logv(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, format, args);
    va_end(args);
}

void log_kind_end_all(void)
{
    while (running) {
        end(running);
    }
}
