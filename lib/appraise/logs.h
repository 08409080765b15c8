/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logs that came with a deep quote, against the PCRs that were quoted. Logs need not be believed:
 * what leads to a PCR's value is what was measured.
 */
#ifndef APPRAISE_LOGS_H
#define APPRAISE_LOGS_H

#include "attest/deepquote.h"

/** DqLogs: borrowed; what did not come is of no bytes. */
typedef struct DqLogs {
    DqBytes host_event_log; /* as the firmware made it */
    DqBytes host_ima;       /* the kernel's list, binary */
    DqBytes vm_event_log;
    DqBytes vm_ima;
} DqLogs;

/**
 * dq_logs_appraise: a DqAppraise whose data are DqLogs. It adds a finding for each log that came:
 * "host-event-log", "host-ima", "vm-event-log" or "vm-ima".
 *
 * An event log passes where it leads to all PCRs that firmware and boot loaders alone extend and
 * that were quoted, and no event says something else than what was measured. A list of IMA passes
 * where some of its beginning leads to PCR 10 in each bank quoted, it belongs to the boot of which
 * PCRs 0 to 9 were quoted, and there is no violation. What was not quoted is not compared.
 */
void dq_logs_appraise(const DqQuotedPcrs *pcrs, DqVerdict *verdict, gpointer logs);

#endif
