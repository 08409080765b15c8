/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether what a log says in an event is what was measured. */
#ifndef APPRAISE_EVENT_CHECK_H
#define APPRAISE_EVENT_CHECK_H

#include "appraise/event-log.h"

/**
 * DqEventCheck:
 * @DQ_EVENT_CHECK_NONE: the digests are over something that is not in the log: its data proves
 * nothing
 * @DQ_EVENT_CHECK_SAME: the event's data has these digests
 * @DQ_EVENT_CHECK_DIFFERS: a digest is not that of the data
 */
typedef enum DqEventCheck {
    DQ_EVENT_CHECK_NONE,
    DQ_EVENT_CHECK_SAME,
    DQ_EVENT_CHECK_DIFFERS,
} DqEventCheck;

/**
 * dq_event_check:
 * @ret_alg: with DQ_EVENT_CHECK_DIFFERS, the algorithm of the first digest that is another one
 *
 * Digests of algorithms that OpenSSL has not are passed over.
 */
DqEventCheck dq_event_check(const DqEvent *event, uint16_t *ret_alg);

#endif
