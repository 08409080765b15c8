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
    guint64 throttled;        /* requests and starts of VMs that had more than their share */
    guint connected;          /* vTPMs */
    guint registered;         /* VMs */
    gboolean simulated;
    gboolean failing;    /* the last hardware quote */
    gint64 started;      /* seconds since 1970 */
    guint64 cpu_us;      /* of this process, user and system */
    guint64 resident;    /* bytes; 0: not known, and left out */
    const char *version; /* without quotation marks, backslashes and line feeds */
} MetricsSample;

/** metrics_text: (transfer full): in base units: seconds and bytes. Same order at each call. */
char *metrics_text(const MetricsSample *sample);

#endif
