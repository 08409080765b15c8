/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks 1 to 6 of the wire format's section 4: the evidence, the host's signature and what it
 * covers. Each builds what it expects and compares; the first fills in what the others look at.
 */
#ifndef ATTEST_CHECKS_HOST_H
#define ATTEST_CHECKS_HOST_H

#include "attest/run.h"

gboolean dq_check_decodes(DqRun *r);
gboolean dq_check_host_is_known(DqRun *r);
gboolean dq_check_host_signature(DqRun *r);
gboolean dq_check_quotes(DqRun *r);
gboolean dq_check_proof(DqRun *r);
gboolean dq_check_host_pcrs(DqRun *r);

#endif
