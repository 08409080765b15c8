/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One list of IMA against the PCRs quoted, and its files against a profile. */
#ifndef APPRAISE_APPRAISE_IMA_H
#define APPRAISE_APPRAISE_IMA_H

#include "appraise/appraise-log.h"

/** dq_appraise_ima: adds a finding on the list and, with a profile, one on its files. */
void dq_appraise_ima(const DqLog *log, DqVerdict *verdict);

/** dq_appraise_ima_missing: adds the finding on files of a profile where no list came. */
void dq_appraise_ima_missing(const DqLog *log, DqVerdict *verdict);

#endif
