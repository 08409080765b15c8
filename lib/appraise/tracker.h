/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known vulnerabilities of packages, as Debian's security tracker hands them out in JSON. */
#ifndef APPRAISE_TRACKER_H
#define APPRAISE_TRACKER_H

#include "attest/deepquote.h"

enum {
    DQ_TRACKER_MAX = 512 << 20, /* bytes of a file; it has some 70 million */
};

/** DqTracker: for reading alone, by any number of threads. */
typedef struct DqTracker DqTracker;

/** DqVulnerability: borrowed from its tracker. */
typedef struct DqVulnerability {
    const char *name;  /* such as CVE-2025-1234 */
    const char *fixed; /* the first version of the source without it; NULL: there is none yet */
    DqUrgency urgency;
} DqVulnerability;

/** dq_tracker_new: @json is borrowed. Errors: DQ_ERROR_VALUE: it is no such file. */
DqTracker *dq_tracker_new(DqBytes json, GError **error);
void dq_tracker_free(DqTracker *tracker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqTracker, dq_tracker_free)

/** dq_tracker_knows: whether it speaks of a release, by its code name, such as bookworm. */
gboolean dq_tracker_knows(const DqTracker *tracker, const char *release);

/**
 * dq_tracker_find: (transfer full): DqVulnerability: what this version of a source has in the
 * release. What is of no importance there, or not yet looked into, is not among it.
 */
GArray *dq_tracker_find(const DqTracker *tracker, const char *release, const char *source,
                        const char *version);

/** dq_tracker_reduce: (transfer full): the same file, of these sources (char) alone. */
GBytes *dq_tracker_reduce(const DqTracker *tracker, const GPtrArray *sources);

/** dq_vulnerability_say: (transfer full): "CVE-2025-1234, fixed in 1.2-3". */
char *dq_vulnerability_say(const DqVulnerability *vulnerability);

#endif
