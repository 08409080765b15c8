/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event log against the PCRs quoted. */
#ifndef APPRAISE_APPRAISE_EVENT_LOG_H
#define APPRAISE_APPRAISE_EVENT_LOG_H

#include "appraise/appraise-log.h"

/** dq_appraise_event_log: adds one finding; see dq_appraise(). */
void dq_appraise_event_log(const DqLog *log, DqVerdict *verdict);

#endif
