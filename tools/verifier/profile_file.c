/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_file.h"

#include "appraise/profile-json.h"
#include "common/input.h"
#include "common/output.h"

DqProfile *profile_read(const char *path, GError **error)
{
    g_autofree char *name = g_filename_display_name(path);
    g_autoptr(GBytes) bytes = input_read(path, DQ_PROFILE_MAX, error);
    DqProfile *profile;
    const char *text;
    gsize len;

    if (!bytes) {
        return NULL;
    }
    text = g_bytes_get_data(bytes, &len);
    profile = dq_profile_from_json(text, len, error);
    if (!profile) {
        g_prefix_error(error, "%s: ", name);
    }
    return profile;
}

gboolean profile_write(const DqProfile *profile, const char *path, GError **error)
{
    g_autofree char *json = dq_profile_to_json(profile);

    return output_write_text(path, json, error);
}
