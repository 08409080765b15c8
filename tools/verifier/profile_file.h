/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles in files. */
#ifndef VERIFIER_PROFILE_FILE_H
#define VERIFIER_PROFILE_FILE_H

#include "appraise/profile.h"

/** profile_read: (transfer full): NULL with an error that names the file. */
DqProfile *profile_read(const char *path, GError **error);

/** profile_write: @path NULL writes to standard output. */
gboolean profile_write(const DqProfile *profile, const char *path, GError **error);

#endif
