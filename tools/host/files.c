/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"

#include "attest/deepquote.h"
#include "json.h"

static gboolean write_hex(const char *path, const char *hex, GError **error)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(hex, error);
    gsize size;
    const char *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;

    return bytes && g_file_set_contents(path, data ? data : "", (gssize)size, error);
}

static char *all_values(JsonObject *answer)
{
    GString *hex = g_string_new(NULL);
    JsonArray *pcrs = json_object_has_member(answer, "pcrs")
                          ? json_object_get_array_member(answer, "pcrs")
                          : NULL;

    for (guint i = 0; pcrs && i < json_array_get_length(pcrs); i++) {
        g_string_append(hex, text_of(json_array_get_object_element(pcrs, i), "value"));
    }
    return g_string_free(hex, FALSE);
}

gboolean ctl_write_files(JsonObject *answer, const CtlOptions *options, GError **error)
{
    g_autofree char *values = all_values(answer);
    const struct {
        const char *path;
        const char *hex;
    } files[] = {
        { options->output, text_of(answer, "public") },
        { options->message, text_of(answer, "message") },
        { options->signature, text_of(answer, "signature") },
        { options->values, values },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        if (files[i].path && !write_hex(files[i].path, files[i].hex, error)) {
            return FALSE;
        }
    }
    return TRUE;
}
