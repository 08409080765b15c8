/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real logs of tests/data/logs, and logs made for a test. */
#ifndef LOG_FIXTURE_H
#define LOG_FIXTURE_H

#include <glib.h>

#include "pcr_values.h"
#include "wire/cursor.h"

/** The names of the real logs, up to NULL. */
extern const char *const log_names[];

/** log_read: (transfer full): the content of a file of tests/data/logs, NAME-KIND. */
GBytes *log_read(const char *name, const char *kind);

/** log_pcrs: (transfer full): elements PcrValue. */
GArray *log_pcrs(const char *name);

/** log_bytes: the content of @bytes, borrowed. */
WireBytes log_bytes(GBytes *bytes);

/** log_quoted: the value of a PCR, borrowed from @values. */
WireBytes log_quoted(const GArray *values, uint16_t alg, guint pcr);

/** log_put_le: appends a little-endian number of @width bytes. */
void log_put_le(GByteArray *out, uint64_t value, guint width);

/** log_put_text: appends the characters of @text without its terminating zero. */
void log_put_text(GByteArray *out, const char *text);

/** log_put_header: appends a header that lists SHA-1 and SHA-256. */
void log_put_header(GByteArray *out);

/** log_put_event: appends an event of a log with that header, whose digests are those of @over. */
void log_put_event(GByteArray *out, uint32_t pcr, uint32_t type, WireBytes data, WireBytes over);

/** log_text: a string as bytes. */
WireBytes log_text(const char *text);

#endif
