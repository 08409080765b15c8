/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values to which an event log leads its PCRs, against those that were quoted. */
#ifndef APPRAISE_REPLAY_H
#define APPRAISE_REPLAY_H

#include "appraise/event-log.h"

enum { DQ_PCR_VALUE_MAX = 64 };

/**
 * DqPcrOutcome:
 * @DQ_PCR_NOT_QUOTED: there is no value to compare with
 * @DQ_PCR_MATCHES: the log leads to the value quoted
 * @DQ_PCR_DIFFERS: it leads to another one
 * @DQ_PCR_NOT_COVERED: the log has no event of this PCR, and something else extended it
 * @DQ_PCR_NO_DIGEST: an event of this PCR has no digest in this bank
 * @DQ_PCR_NO_HASH: OpenSSL has not this hash algorithm
 */
typedef enum DqPcrOutcome {
    DQ_PCR_NOT_QUOTED,
    DQ_PCR_MATCHES,
    DQ_PCR_DIFFERS,
    DQ_PCR_NOT_COVERED,
    DQ_PCR_NO_DIGEST,
    DQ_PCR_NO_HASH,
} DqPcrOutcome;

/** DqPcrReplay: one PCR of one bank. The caller sets @alg, @pcr and @quoted, and zeroes the rest.
 */
typedef struct DqPcrReplay {
    uint16_t alg;
    guint pcr;        /* below DQ_EVENT_PCRS */
    WireBytes quoted; /* borrowed; of no bytes where there is no value to compare with */

    DqPcrOutcome outcome;
    guint events; /* that extend it */
    guint first, last;
    gsize size; /* bytes of @value; 0 with DQ_PCR_NO_HASH */
    uint8_t value[DQ_PCR_VALUE_MAX];
    gboolean reached; /* with DQ_PCR_DIFFERS: the value quoted is that after event @reached_at */
    guint reached_at;
    guint altered; /* events whose data has another digest than the event; none proves the data */
    guint altered_first;
    uint16_t altered_alg;
    guint missing; /* with DQ_PCR_NO_DIGEST, the first event without a digest */
} DqPcrReplay;

/**
 * dq_replay: walks through @log once for all @pcrs.
 *
 * PCRs start as zeroes, PCR 0 with the locality that the log names, PCRs 17 to 22 as zeroes where
 * the log has events of theirs and as ones where it has none.
 *
 * Errors: as of dq_event_next(); @pcrs are then of no use.
 */
gboolean dq_replay(const DqEventLog *log, DqPcrReplay *pcrs, gsize count, GError **error);

/**
 * dq_replay_pcrs: (transfer full): elements DqPcrReplay for each PCR of which the log has events,
 * in each of its banks, with the values to which it leads. NULL with the error of dq_event_next().
 */
GArray *dq_replay_pcrs(const DqEventLog *log, GError **error);

#endif
