/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known vulnerabilities of packages, as Debian's security tracker hands them out in JSON. */
#ifndef VERIFIER_TRACKER_H
#define VERIFIER_TRACKER_H

#include "attest/deepquote.h"

typedef struct Tracker Tracker;

/**
 * tracker_new:
 * @json: borrowed
 * @release: its code name, such as bookworm
 *
 * Errors: DQ_ERROR_VALUE: it is no such file, or has nothing about that release.
 */
Tracker *tracker_new(DqBytes json, const char *release, GError **error);
void tracker_free(Tracker *tracker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tracker, tracker_free)

/**
 * tracker_find: (transfer full): char: each vulnerability of this version of a source that a newer
 * version in the release has no more, with that version. What nobody has fixed there, or does not
 * concern the release, is not among them.
 */
GPtrArray *tracker_find(const Tracker *tracker, const char *source, const char *version);

#endif
