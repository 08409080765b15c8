/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One list of IMA against the PCRs quoted. */
#ifndef APPRAISE_APPRAISE_IMA_H
#define APPRAISE_APPRAISE_IMA_H

#include "appraise/appraise-event-log.h"

/** dq_appraise_ima: adds one finding; see dq_logs_appraise(). */
void dq_appraise_ima(const DqLog *log, DqVerdict *verdict);

#endif
