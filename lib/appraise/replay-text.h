/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef APPRAISE_REPLAY_TEXT_H
#define APPRAISE_REPLAY_TEXT_H

#include "appraise/replay.h"

/** dq_replay_say: (transfer full): the outcome in words; of a mismatch, which events. */
char *dq_replay_say(const DqPcrReplay *pcr);

#endif
