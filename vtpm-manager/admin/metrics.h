/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the manager counts, as text for Prometheus (exposition format 0.0.4). Nothing here tells one
 * VM from another.
 */
#ifndef VTPM_MANAGER_ADMIN_METRICS_H
#define VTPM_MANAGER_ADMIN_METRICS_H

#include "quote/quoter.h"

/** What the text is made from, at one moment. */
typedef struct MetricsSample {
    QuoterCounts counts;
    const QuoterTimes *times; /* borrowed */
    uint64_t throttled;       /* requests and starts of VMs that had more than their share */
    guint connected;          /* vTPMs */
    guint registered;         /* VMs */
    gboolean simulated;
    gboolean failing;    /* the last hardware quote */
    int64_t started;     /* seconds since 1970 */
    uint64_t cpu_us;     /* of this process, user and system */
    uint64_t resident;   /* bytes; 0: not known, and left out */
    const char *version; /* without quotation marks, backslashes and line feeds */
} MetricsSample;

/** metrics_text: (transfer full): in base units: seconds and bytes. Same order at each call. */
char *metrics_text(const MetricsSample *sample);

#endif
