/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-log.h"

const DqPcrValue *dq_log_find(const DqLog *log, uint16_t alg, unsigned pcr)
{
    for (gsize i = 0; i < log->count; i++) {
        if (log->quoted[i].alg == alg && log->quoted[i].pcr == pcr) {
            return &log->quoted[i];
        }
    }
    return NULL;
}
