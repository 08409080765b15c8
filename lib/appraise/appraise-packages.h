/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packages a machine runs, and what is known to be wrong with them. The digests are those
 * that its logs and its host vouch for; a profile has the packages, a tracker what is wrong.
 */
#ifndef APPRAISE_APPRAISE_PACKAGES_H
#define APPRAISE_APPRAISE_PACKAGES_H

#include "appraise/event-log.h"
#include "appraise/profile.h"
#include "appraise/tracker.h"

/**
 * DqVulnerable: what is known of packages; borrowed.
 * @tracker: NULL: nothing, and nobody wants to know
 * @refused: from which urgency on what has been fixed refuses; all else warns
 */
typedef struct DqVulnerable {
    const DqTracker *tracker;
    DqUrgency refused;
} DqVulnerable;

typedef struct DqPackages DqPackages;

/** dq_packages_new: both are borrowed; @profile NULL has no packages. */
DqPackages *dq_packages_new(const DqProfile *profile, const DqVulnerable *known);
void dq_packages_free(DqPackages *packages);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqPackages, dq_packages_free)

/**
 * The following take what has been shown to be true, and nothing where @packages is NULL.
 *
 * dq_packages_take_file: @name is that of a file; any bytes.
 */
void dq_packages_take_file(DqPackages *packages, WireBytes name, uint16_t alg, WireBytes digest);

/** dq_packages_take_ima: the first @count entries of a list. */
void dq_packages_take_ima(DqPackages *packages, WireBytes list, uint64_t count);

/** dq_packages_take_events: what of a boot is a file of a package as it is. */
void dq_packages_take_events(DqPackages *packages, const DqEventLog *log);

/** dq_packages_tell: adds the finding @word. */
void dq_packages_tell(const DqPackages *packages, const char *word, DqVerdict *verdict);

#endif
