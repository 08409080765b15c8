/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles in a database. What changes one runs within a transaction of the caller. */
#ifndef STORE_PROFILE_H
#define STORE_PROFILE_H

#include "store/record.h"
#include "store/store-profile.h"

extern const RecordType profile_type;

gboolean profile_put(Database *db, const DqStoreProfile *profile, GBytes *content, GError **error);

/** profile_is_removed: what is left of a signed one: its date, so that no older one is taken later.
 */
gboolean profile_is_removed(const DqStoreProfile *p);

/** profile_get: DQ_ERROR_RECORD where there is none. */
gboolean profile_get(Database *db, const char *name, DqStoreProfile *ret_profile, GError **error);

/** profile_content: (transfer full): what profile_get() has found; NULL with the error set. */
GBytes *profile_content(Database *db, const DqStoreProfile *profile, GError **error);

gboolean profile_remove(Database *db, const char *name, GError **error);

#endif
