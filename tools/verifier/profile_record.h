/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine measured becomes what is expected of it. */
#ifndef VERIFIER_PROFILE_RECORD_H
#define VERIFIER_PROFILE_RECORD_H

#include "appraise/profile.h"

/**
 * profile_record_boot: adds a boot with the values of a file.
 * @path: what tpm2_pcrread prints
 * @list: which of them, such as sha256:0,7; NULL: those that firmware and boot loaders alone extend
 *
 * Errors: also where the profile has a boot of this name, or the file lacks one of the PCRs.
 */
gboolean profile_record_boot(DqProfile *profile, const char *name, const char *path,
                             const char *list, GError **error);

/** profile_record_keys: adds the keys of these files, which may be NULL. */
gboolean profile_record_keys(DqProfile *profile, char **paths, GError **error);

/**
 * profile_record_files: adds what a list of IMA names, but for what the profile leaves out and what
 * its keys have signed.
 */
gboolean profile_record_files(DqProfile *profile, const char *path, GError **error);

#endif
