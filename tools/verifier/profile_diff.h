/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_PROFILE_DIFF_H
#define VERIFIER_PROFILE_DIFF_H

#include "appraise/profile.h"

/**
 * profile_diff: prints a line for each boot, file and pattern that one of the two has and the other
 * has not, or has otherwise: - of the old, + of the new.
 *
 * Returns: how many lines.
 */
guint profile_diff(const DqProfile *old, const DqProfile *new);

#endif
