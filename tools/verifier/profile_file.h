/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles in files, signed or not. */
#ifndef VERIFIER_PROFILE_FILE_H
#define VERIFIER_PROFILE_FILE_H

#include "appraise/jws-verify.h"
#include "appraise/profile.h"
#include "attest/store.h"
#include "store/store-profile.h"

#define PROFILE_JWS_TYPE "deepquote-profile+jws" /* "typ" of a signed one */

/** An entry of the option --profile-key. */
#define PROFILE_KEY_OPTION(path)                                                                   \
    {                                                                                              \
        "profile-key", 0, 0, G_OPTION_ARG_FILENAME, path,                                          \
            "Profiles have to be signed with this key, whose public part is in the file", "FILE"   \
    }

/**
 * profile_read:
 * @key: (nullable): the profile has to be signed with it; NULL: it must not be signed
 * @ret_record: (nullable): as it goes into a store
 * @ret_json: (nullable, transfer full): what @ret_record is about
 *
 * Returns: (transfer full): NULL with an error that names the file.
 */
DqProfile *profile_read(const char *path, const DqJwsPublic *key, DqStoreProfile *ret_record,
                        GBytes **ret_json, GError **error);

/** profile_write: @path NULL writes to standard output. */
gboolean profile_write(const DqProfile *profile, const char *path, GError **error);

#endif
