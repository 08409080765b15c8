/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd's log of its own measurements against the PCRs quoted. */
#ifndef APPRAISE_APPRAISE_SYSTEMD_H
#define APPRAISE_APPRAISE_SYSTEMD_H

#include "appraise/appraise-log.h"

/**
 * dq_appraise_systemd: adds one finding; see dq_appraise().
 * @firmware: of the same machine: from where its event log ends, systemd's goes on
 */
void dq_appraise_systemd(const DqLog *log, DqBytes firmware, DqVerdict *verdict);

#endif
