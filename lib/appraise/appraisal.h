/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What came with a deep quote and what is expected of host and VM, against the PCRs quoted. Logs
 * need not be believed: what leads to a PCR's value is what was measured.
 */
#ifndef APPRAISE_APPRAISAL_H
#define APPRAISE_APPRAISAL_H

#include "appraise/appraise-packages.h"

/** DQ_HOST_BOOT: the word of the finding that compares the host's PCRs with its profile. */
#define DQ_HOST_BOOT "host-boot"

/** DqLogs: borrowed; what did not come is of no bytes. */
typedef struct DqLogs {
    DqBytes host_event_log; /* as the firmware made it */
    DqBytes host_ima;       /* the kernel's list, binary */
    DqBytes vm_event_log;
    DqBytes vm_ima;
    DqBytes vtpm_parts;               /* files whose code its vTPM runs */
    DqBytes vm_launch;                /* what it was started with */
    DqBytes vtpm_ek;                  /* the certificate of its vTPM's endorsement key, DER */
    DqBytes ek_chain;                 /* certificates of the authority that issued it */
    DqBytes host_systemd, vm_systemd; /* what systemd measured after the firmware */
} DqLogs;

/** DqAppraisal: borrowed. */
typedef struct DqAppraisal {
    DqLogs logs;
    const DqProfile *host, *vm; /* NULL: no reference values */
    DqVulnerable vulnerable;    /* which packages of them are */
    DqBytes measurement;        /* of the binding in the evidence; of no bytes without its flag */
    DqBytes launch;             /* the same */
    DqBytes ek_name;            /* the pinned endorsement key; of no bytes where there is none */
    gboolean has_uuid;          /* there is a binding */
    uint8_t uuid[DQ_UUID_SIZE]; /* of the VM */
} DqAppraisal;

/**
 * dq_appraise: a DqAppraise whose data is a DqAppraisal. It adds a finding for each log that came,
 * "host-event-log", "host-ima", "vm-event-log" or "vm-ima", and for each profile "host-boot" or
 * "vm-boot" and, where it lists files, "host-files" or "vm-files".
 *
 * A list of the vTPM's parts adds "vtpm-parts": it passes where it is the one measured. One of what
 * the VM was started with adds "vm-launch", the same. A certificate of the vTPM's endorsement key
 * adds "vtpm-ek": it passes where the host's authority issued it for the key that is pinned.
 *
 * A log of systemd's adds "host-systemd" or "vm-systemd": it passes where some of its beginning
 * leads, from where the firmware's log ends, to each PCR quoted that it has records of.
 *
 * Where there is a tracker, "host-packages" and "vm-packages" say which packages of the profiles
 * the files are of that logs and lists of parts have shown, and what is known of them: with what
 * has been fixed they fail, as the policy says, with the rest they warn.
 *
 * An event log passes where it leads to all PCRs that firmware and boot loaders alone extend and
 * that were quoted, and no event says something else than what was measured. A list of IMA passes
 * where some of its beginning leads to PCR 10 in each bank quoted, it belongs to the boot of which
 * PCRs 0 to 9 were quoted, and there is no violation. A boot passes where all its PCRs were quoted
 * with its values; files pass where all of a list that the quote has shown to be true are listed or
 * left out. What was not quoted, or did not come, is not compared.
 */
void dq_appraise(const DqQuotedPcrs *pcrs, DqVerdict *verdict, gpointer appraisal);

#endif
