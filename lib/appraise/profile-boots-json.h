/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a machine may boot, in JSON. Spec: deepquote-profile(5). */
#ifndef APPRAISE_PROFILE_BOOTS_JSON_H
#define APPRAISE_PROFILE_BOOTS_JSON_H

#include "appraise/profile.h"
#include "wire/hash.h"

#include <json-glib/json-glib.h>

/**
 * dq_profile_read_boots: adds those of the array @node; each has PCRs, and a name of its own.
 * Errors: DQ_PROFILE_ERROR.
 */
gboolean dq_profile_read_boots(DqProfile *profile, JsonNode *node, GError **error);

/** dq_profile_write_boots: (transfer full): the same, in the same order each time. */
JsonArray *dq_profile_write_boots(const DqProfile *profile);

/** dq_profile_fail: sets DQ_PROFILE_ERROR_MALFORMED with that text, and returns FALSE. */
gboolean dq_profile_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * dq_profile_read_named_digest: of a node with text such as "sha256:DIGITS".
 * @ret: (transfer full)
 *
 * Errors: DQ_PROFILE_ERROR.
 */
gboolean dq_profile_read_named_digest(JsonNode *node, const WireHash **ret_hash, GBytes **ret,
                                      GError **error);

/** dq_profile_say_digest: (transfer full): that text. */
char *dq_profile_say_digest(uint16_t alg, WireBytes digest);

#endif
