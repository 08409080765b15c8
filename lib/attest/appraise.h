/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the checks and the record: what else came with a deep quote is appraised. */
#ifndef ATTEST_APPRAISE_H
#define ATTEST_APPRAISE_H

#include "attest/run.h"

/**
 * dq_run_appraise: calls the quote's DqAppraise, where there is one and no check failed, with the
 * PCRs that were quoted. Findings of an earlier call are forgotten; the one that was expected is
 * there in any case.
 */
void dq_run_appraise(const DqRun *r, DqVerdict *verdict);

#endif
