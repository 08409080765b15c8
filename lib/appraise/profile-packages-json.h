/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files are of which packages, in JSON. Spec: deepquote-profile(5). */
#ifndef APPRAISE_PROFILE_PACKAGES_JSON_H
#define APPRAISE_PROFILE_PACKAGES_JSON_H

#include "appraise/profile.h"

#include <json-glib/json-glib.h>

/** dq_profile_read_packages: adds those of the array @node. Errors: DQ_PROFILE_ERROR. */
gboolean dq_profile_read_packages(DqProfile *profile, JsonNode *node, GError **error);

/** dq_profile_write_packages: (transfer full): the same, in the same order each time. */
JsonArray *dq_profile_write_packages(const DqProfile *profile);

#endif
