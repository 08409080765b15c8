/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/logs.h"

#include "appraise/appraise-event-log.h"
#include "appraise/appraise-ima.h"

void dq_logs_appraise(const DqQuotedPcrs *pcrs, DqVerdict *verdict, gpointer logs)
{
    const DqLogs *l = logs;
    const struct {
        const char *word;
        DqBytes log;
        void (*appraise)(const DqLog *log, DqVerdict *verdict);
        const DqPcrValue *quoted;
        gsize count;
    } table[] = {
        { "host-event-log", l->host_event_log, dq_appraise_event_log, pcrs->host,
          pcrs->host_count },
        { "host-ima", l->host_ima, dq_appraise_ima, pcrs->host, pcrs->host_count },
        { "vm-event-log", l->vm_event_log, dq_appraise_event_log, pcrs->vtpm, pcrs->vtpm_count },
        { "vm-ima", l->vm_ima, dq_appraise_ima, pcrs->vtpm, pcrs->vtpm_count },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const DqLog log = { table[i].word, table[i].log, table[i].quoted, table[i].count };

        if (log.bytes.len > 0) {
            table[i].appraise(&log, verdict);
        }
    }
}
