/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef APPRAISE_DEB_VERSION_H
#define APPRAISE_DEB_VERSION_H

/**
 * dq_deb_version_compare: below, equal to or above 0, as @a is before, the same as or after @b.
 *
 * Spec: deb-version(7), sorting algorithm.
 */
int dq_deb_version_compare(const char *a, const char *b);

#endif
