/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file form of a profile. Spec: deepquote-profile(5). */
#ifndef APPRAISE_PROFILE_JSON_H
#define APPRAISE_PROFILE_JSON_H

#include "appraise/profile.h"

/**
 * dq_profile_from_json: (transfer full): reads a profile; what it does not know is an error.
 * Errors: DQ_PROFILE_ERROR.
 */
DqProfile *dq_profile_from_json(const char *text, gsize len, GError **error);

/** dq_profile_to_json: (transfer full): the same, in the same order each time. */
char *dq_profile_to_json(const DqProfile *profile);

#endif
