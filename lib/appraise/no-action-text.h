/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef APPRAISE_NO_ACTION_TEXT_H
#define APPRAISE_NO_ACTION_TEXT_H

#include <glib.h>

#include "wire/cursor.h"

/**
 * dq_no_action_say: data of an EV_NO_ACTION as fields; FALSE where what its signature announces
 * does not decode.
 *
 * Spec: TCG PC Client Platform Firmware Profile 1.06, section 10.4.5.
 */
gboolean dq_no_action_say(GArray *fields, WireBytes data);

#endif
