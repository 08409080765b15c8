/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes by their digest, each kept once. Logs grow: of what begins with something that is there
 * already only the rest is kept.
 */
#ifndef STORE_CONTENT_H
#define STORE_CONTENT_H

#include "store/database.h"
#include "store/store-journal.h"

/** content_put: within a transaction of the caller. @ret_digest: SHA-256 of @content. */
gboolean content_put(Database *db, GBytes *content, uint8_t ret_digest[DQ_HASH_SIZE],
                     GError **error);

/** content_get: @ret_content: (transfer full): NULL unless it is good. */
gboolean content_get(Database *db, const uint8_t digest[DQ_HASH_SIZE], DqContentState *ret_state,
                     GBytes **ret_content, GError **error);

/** content_prune: removes what no entry speaks of. Within a transaction of the caller. */
gboolean content_prune(Database *db, GError **error);

#endif
