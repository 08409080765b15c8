/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The check against the reference values of a policy. */
#ifndef ATTEST_CHECKS_POLICY_H
#define ATTEST_CHECKS_POLICY_H

#include "attest/run.h"

gboolean dq_check_policy(DqRun *r);

#endif
