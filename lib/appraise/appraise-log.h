/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an appraisal looks at: one machine's log, and the PCRs that its TPM quoted. */
#ifndef APPRAISE_APPRAISE_LOG_H
#define APPRAISE_APPRAISE_LOG_H

#include "appraise/appraise-packages.h"

/** DqLog: all of it is borrowed. */
typedef struct DqLog {
    const char *word; /* of its finding */
    DqBytes bytes;    /* of none where no log came */
    const DqPcrValue *quoted;
    gsize count;
    const DqProfile *profile; /* NULL: no reference values */
    const char *profile_word; /* of the finding that compares with them */
    DqPackages *packages;     /* gets what the log shows; NULL: nobody wants to know */
} DqLog;

/** dq_log_find: (nullable): the value quoted of a PCR. */
const DqPcrValue *dq_log_find(const DqLog *log, uint16_t alg, unsigned pcr);

#endif
