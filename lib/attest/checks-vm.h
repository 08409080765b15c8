/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks 7 to 13 of the wire format's section 4: the VM, its vTPM's quote, what was recorded, and
 * the policy. They look at what checks 1 to 6 have established.
 */
#ifndef ATTEST_CHECKS_VM_H
#define ATTEST_CHECKS_VM_H

#include "attest/run.h"

gboolean dq_check_nonce(DqRun *r);
gboolean dq_check_vm(DqRun *r);
gboolean dq_check_vtpm_quote(DqRun *r);
gboolean dq_check_vtpm_signature(DqRun *r);
gboolean dq_check_vtpm_pcrs(DqRun *r);

#endif
