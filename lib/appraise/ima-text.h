/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef APPRAISE_IMA_TEXT_H
#define APPRAISE_IMA_TEXT_H

#include "appraise/event-fields.h"
#include "appraise/ima-list.h"

/** dq_ima_text: (transfer full): what an entry says, as DqEventField. It never fails. */
GArray *dq_ima_text(const DqImaEntry *entry);

#endif
