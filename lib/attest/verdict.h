/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ATTEST_VERDICT_H
#define ATTEST_VERDICT_H

#include "attest/deepquote.h"

struct DqVerdict {
    DqResult result[DQ_CHECKS];
    const char *note[DQ_CHECKS]; /* static text, or NULL */
    char *why;                   /* of the check that failed */
    gboolean has_facts;
    DqFacts facts;
};

DqVerdict *dq_verdict_new(void);

/** dq_verdict_pass: @note is static text, or NULL. */
void dq_verdict_pass(DqVerdict *verdict, DqCheck check, const char *note);

/** dq_verdict_fail: takes @why. At most one check fails. */
void dq_verdict_fail(DqVerdict *verdict, DqCheck check, char *why);

#endif
