/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_file.h"

#include "appraise/profile-json.h"
#include "common/input.h"
#include "common/output.h"

#include <stdio.h>
#include <string.h>

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
    g_autoptr(Output) output = output_new();
    g_autofree char *json = dq_profile_to_json(profile);
    g_autofree char *line = g_strconcat(json, "\n", NULL);
    g_autoptr(GBytes) bytes = g_bytes_new(line, strlen(line));

    if (!path) {
        fputs(line, stdout);
        return TRUE;
    }
    output_add(output, path, bytes);
    return output_write(output, error);
}
