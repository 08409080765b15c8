/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event log against the PCRs quoted. */
#ifndef APPRAISE_APPRAISE_EVENT_LOG_H
#define APPRAISE_APPRAISE_EVENT_LOG_H

#include "attest/deepquote.h"

/** DqLog: a log and what it has to explain. Borrowed. */
typedef struct DqLog {
    const char *word; /* of its finding */
    DqBytes bytes;
    const DqPcrValue *quoted;
    gsize count;
} DqLog;

/** dq_appraise_event_log: adds one finding; see dq_logs_appraise(). */
void dq_appraise_event_log(const DqLog *log, DqVerdict *verdict);

#endif
