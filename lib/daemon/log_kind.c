/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/log_kind.h"

#include <inttypes.h>
#include <stdarg.h>

#define FURTHER "further sources"

/** What one source did in an interval. */
typedef struct Source {
    GPtrArray *lines; /* written */
    uint64_t left_out;
} Source;

/* Those whose interval runs. */
static LogKind *running;

static Source *source_new(void)
{
    Source *source = g_new0(Source, 1);

    source->lines = g_ptr_array_new_with_free_func(g_free);
    return source;
}

static void source_free(void *data)
{
    Source *source = data;

    g_ptr_array_unref(source->lines);
    g_free(source);
}

static void tell_sources(const LogKind *kind)
{
    GHashTableIter iter;
    void *name;
    void *value;

    g_hash_table_iter_init(&iter, kind->sources);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const Source *source = value;

        if (source->left_out > 0) {
            g_warning("%s, by %s: %" PRIu64 " more were not logged", kind->what, (char *)name,
                      source->left_out);
        }
    }
}

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
    if (kind->sources) {
        tell_sources(kind);
        g_clear_pointer(&kind->sources, g_hash_table_unref);
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

/* Who is one too many shares with all who are. */
static Source *find_source(LogKind *kind, const char *name)
{
    Source *source;

    if (!kind->sources) {
        kind->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, source_free);
    }
    source = g_hash_table_lookup(kind->sources, name);
    if (!source && g_hash_table_size(kind->sources) >= LOG_SOURCES_MAX) {
        name = FURTHER;
        source = g_hash_table_lookup(kind->sources, name);
    }
    if (!source) {
        source = source_new();
        g_hash_table_insert(kind->sources, g_strdup(name), source);
    }
    return source;
}

void log_kind_warn_of(LogKind *kind, const char *source, const char *format, ...)
{
    Source *of;
    char *line;
    va_list args;

    if (!kind->end) {
        begin(kind);
    }
    of = find_source(kind, source);
    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);
    if (of->lines->len == LOG_SOURCE_LINES ||
        g_ptr_array_find_with_equal_func(of->lines, line, g_str_equal, NULL)) {
        of->left_out++;
        g_free(line);
        return;
    }
    g_warning("%s", line);
    g_ptr_array_add(of->lines, line);
}

void log_kind_end_all(void)
{
    while (running) {
        end(running);
    }
}
