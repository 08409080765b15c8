/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Challenges in a database: issued, used once, forgotten some time after they expire. */
#ifndef STORE_CHALLENGE_H
#define STORE_CHALLENGE_H

#include "store/database.h"

#define CHALLENGE_KEPT_S                                                                           \
    3600 /* after it expires a late answer is told apart from a made-up one                        \
          */
#define CHALLENGE_PRUNED_AT_ONCE 4 /* for each challenge that is issued or used */

/**
 * challenge_issue:
 * @uuid: (nullable): the only VM that may answer it
 * @ret_challenge: random bytes; untouched on failure
 */
gboolean challenge_issue(Database *db, int64_t now, int64_t expires, const uint8_t *uuid,
                         uint8_t ret_challenge[DQ_CHALLENGE_SIZE], GError **error);

/**
 * challenge_put: one that the caller has drawn.
 * @ret_put: FALSE where another challenge with the same first bytes is there; nothing changes then
 */
gboolean challenge_put(Database *db, const uint8_t challenge[DQ_CHALLENGE_SIZE], int64_t expires,
                       const uint8_t *uuid, gboolean *ret_put, GError **error);

/** challenge_use: as DqStoreOps.use_challenge; within a transaction of the caller. */
gboolean challenge_use(Database *db, DqBytes challenge, int64_t now, DqChallengeUse *ret_use,
                       gboolean *ret_bound, uint8_t ret_uuid[DQ_UUID_SIZE], GError **error);

#endif
