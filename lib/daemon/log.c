/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/log.h"

#include <stdio.h>
#include <unistd.h>

static const char *log_program;
static gboolean log_verbose;

/* syslog(3) priorities, which journald reads from the start of a line */
static const struct {
    GLogLevelFlags level;
    int priority;
    const char *word;
} log_levels[] = {
    { G_LOG_LEVEL_ERROR, 2, "fatal: " },
    { G_LOG_LEVEL_CRITICAL, 3, "error: " },
    { G_LOG_LEVEL_WARNING, 4, "warning: " },
    { G_LOG_LEVEL_MESSAGE, 5, "" },
    { G_LOG_LEVEL_INFO, 6, "" },
    { G_LOG_LEVEL_DEBUG, 7, "" },
};

static const char *message_of(const GLogField *fields, gsize n_fields)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (g_str_equal(fields[i].key, "MESSAGE")) {
            return fields[i].value;
        }
    }
    return "";
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                  G_GNUC_UNUSED gpointer data)
{
    GLogLevelFlags bare = level & G_LOG_LEVEL_MASK;
    gboolean journal = g_getenv("JOURNAL_STREAM") != NULL;
    int priority = 6;
    const char *word = "";

    if (!log_verbose && bare > G_LOG_LEVEL_MESSAGE) {
        return G_LOG_WRITER_HANDLED;
    }
    if (journal && g_log_writer_is_journald(STDERR_FILENO) &&
        g_log_writer_journald(level, fields, n_fields, NULL) == G_LOG_WRITER_HANDLED) {
        return G_LOG_WRITER_HANDLED;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(log_levels); i++) {
        if (log_levels[i].level == bare) {
            priority = log_levels[i].priority;
            word = log_levels[i].word;
        }
    }
    if (journal) {
        fprintf(stderr, "<%d>%s\n", priority, message_of(fields, n_fields));
    } else {
        fprintf(stderr, "%s: %s%s\n", log_program, word, message_of(fields, n_fields));
    }
    return G_LOG_WRITER_HANDLED;
}

void log_init(const char *program, gboolean verbose)
{
    log_program = program;
    log_verbose = verbose;
    g_log_set_writer_func(write_log, NULL, NULL);
}

void log_error(const char *message)
{
    g_log_structured(log_program, G_LOG_LEVEL_CRITICAL, "MESSAGE", "%s", message);
}
