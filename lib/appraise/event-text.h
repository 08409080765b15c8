/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each event in words. */
#ifndef APPRAISE_EVENT_TEXT_H
#define APPRAISE_EVENT_TEXT_H

#include "appraise/event-fields.h"
#include "appraise/event-log.h"

/** DqEventText: what kind of event it is, static, and what it says. */
typedef struct DqEventText {
    const char *what;
    GArray *fields; /* of DqEventField */
} DqEventText;

/**
 * dq_event_text: never fails: data that does not decode is a field "data" of digits, after a field
 * "problem". What the words say is what the log says: see dq_event_check().
 */
DqEventText dq_event_text(const DqEvent *event);
void dq_event_text_clear(DqEventText *text);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DqEventText, dq_event_text_clear)

#endif
