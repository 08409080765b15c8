/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks against what the store recorded of the host and the VM. */
#ifndef ATTEST_CHECKS_RECORD_H
#define ATTEST_CHECKS_RECORD_H

#include "attest/run.h"

gboolean dq_check_fresh(DqRun *r);
gboolean dq_check_lineage(DqRun *r);
gboolean dq_check_moved(DqRun *r);

/** dq_record_next: the records as they are to be after a trusted outcome. */
void dq_record_next(const DqRun *r, DqStoreHost *ret_host, DqStoreVm *ret_vm);

#endif
