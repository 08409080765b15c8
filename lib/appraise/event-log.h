/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event logs of firmware, in both forms: that of TPM 1.2, with SHA-1 alone, and the crypto-agile
 * one. Nothing is copied: events point into the log, which the caller keeps.
 *
 * Spec: TCG PC Client Platform Firmware Profile 1.06, section 10.
 */
#ifndef APPRAISE_EVENT_LOG_H
#define APPRAISE_EVENT_LOG_H

#include <glib.h>

#include "wire/cursor.h"

enum {
    DQ_EVENT_LOG_MAX = 16 << 20, /* bytes; firmware reserves 64 KiB to 1 MiB */
    DQ_EVENTS_MAX = 100000,
    DQ_EVENT_DIGESTS_MAX = 16,
    DQ_EVENT_PCRS = 24,
};

/** A hash algorithm and what belongs to it: the size of its digests, or one of them. */
typedef struct DqEventAlgorithm {
    uint16_t alg;
    uint16_t size;
} DqEventAlgorithm;

typedef struct DqEventDigest {
    uint16_t alg;
    WireBytes bytes;
} DqEventDigest;

/** DqEventLog: a log and what its header says. Made by dq_event_log_open() alone. */
typedef struct DqEventLog {
    WireBytes bytes;
    gboolean agile;
    uint8_t major, minor, errata; /* of the specification; zeroes where there is no header */
    guint algorithms;
    DqEventAlgorithm algorithm[DQ_EVENT_DIGESTS_MAX];
    WireBytes vendor; /* vendorInfo of the header */
} DqEventLog;

/** DqEvent: one event. Borrowed from the log. */
typedef struct DqEvent {
    guint number; /* from 0; the header of a crypto-agile log is event 0 */
    gsize offset; /* of its first byte in the log */
    uint32_t pcr; /* below DQ_EVENT_PCRS; any where @type is EV_NO_ACTION */
    uint32_t type;
    guint digests; /* at most as many as the log has algorithms, each of another one */
    DqEventDigest digest[DQ_EVENT_DIGESTS_MAX];
    WireBytes data;
} DqEvent;

/** DqEventWalk: a place in a log. The fields are the walk's own. */
typedef struct DqEventWalk {
    const DqEventLog *log;
    WireReader rest;
    guint number;
} DqEventWalk;

/**
 * dq_event_log_open: reads the header, where there is one.
 * @bytes: borrowed for as long as @ret_log is used
 *
 * Errors: DQ_LOG_ERROR_MALFORMED, DQ_LOG_ERROR_TOO_LARGE.
 */
gboolean dq_event_log_open(WireBytes bytes, DqEventLog *ret_log, GError **error);

/** dq_event_walk: a walk that begins with the first event of @log. */
DqEventWalk dq_event_walk(const DqEventLog *log);

/**
 * dq_event_next: steps to the next event.
 *
 * Enough zeroes to the end of the log are no events, but the rest of the memory that was set aside
 * for it.
 *
 * Returns: FALSE after the last event, and with @error set where what comes next is none.
 * Errors: DQ_LOG_ERROR_MALFORMED, DQ_LOG_ERROR_TOO_LARGE.
 */
gboolean dq_event_next(DqEventWalk *walk, DqEvent *ret_event, GError **error);

/** dq_event_digest: the event's digest of an algorithm; NULL where it has none. */
const DqEventDigest *dq_event_digest(const DqEvent *event, uint16_t alg);

#endif
