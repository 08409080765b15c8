/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the log that somebody else can cause at will: of each kind so many are written in an
 * interval, and when it ends a line says how many were left out. Where it is known whose doing a
 * line is, each source has lines of its own, so that none uses up those of others. For the main
 * thread only.
 */
#ifndef DAEMON_LOG_KIND_H
#define DAEMON_LOG_KIND_H

#include <glib.h>
#include <stdint.h>

enum {
    LOG_KIND_LINES = 20,
    LOG_KIND_SECONDS = 10,
    LOG_SOURCE_LINES = 5, /* of a kind, of one source */
    LOG_SOURCES_MAX = 64, /* all further ones in an interval are counted as one */
};

/** A kind of lines; static, and made with LOG_KIND(). */
typedef struct LogKind {
    const char *what; /* for the line about those left out: "refusals" */
    guint lines;
    guint seconds;
    guint written; /* in the interval that runs */
    uint64_t left_out;
    GHashTable *sources; /* name -> lines and count, in this interval; NULL: none yet */
    GSource *end;        /* of the interval; NULL: none runs */
    struct LogKind *next;
} LogKind;

#define LOG_KIND(what_)                                                                            \
    {                                                                                              \
        .what = (what_), .lines = LOG_KIND_LINES, .seconds = LOG_KIND_SECONDS                      \
    }

/** log_kind_warn: a warning, or one more that is left out. */
void log_kind_warn(LogKind *kind, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * log_kind_warn_of: a warning about something that @source did, or one more of it that is left out:
 * the same line is written once in an interval, and of others %LOG_SOURCE_LINES.
 * @source: such as a control group; nothing that who causes the line can choose freely
 */
void log_kind_warn_of(LogKind *kind, const char *source, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** log_kind_end_all: ends all intervals now, and says what was left out in them. */
void log_kind_end_all(void);

#endif
