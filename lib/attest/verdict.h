/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ATTEST_VERDICT_H
#define ATTEST_VERDICT_H

#include "attest/store.h"

struct DqVerdict {
    DqResult result[DQ_CHECKS];
    char *detail[DQ_CHECKS]; /* or NULL */
    gboolean has_facts;
    DqFacts facts;
    DqEkFacts *host_ek;      /* or NULL */
    DqStoreAnswers *answers; /* or NULL */
    GArray *findings;        /* DqFinding, whose details it owns; NULL: none */
};

DqVerdict *dq_verdict_new(void);

/** dq_verdict_set: takes @detail, which may be NULL; replaces what was set before. */
void dq_verdict_set(DqVerdict *verdict, DqCheck check, DqResult result, char *detail);

/** dq_verdict_forget_findings: as if nothing had been appraised. */
void dq_verdict_forget_findings(DqVerdict *verdict);

/** dq_verdict_of_checks: the outcome of the checks alone. */
DqOutcome dq_verdict_of_checks(const DqVerdict *verdict);

#endif
