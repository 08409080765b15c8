/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"

#include "attest/deepquote.h"
#include "common/output.h"
#include "json.h"

static gboolean add_hex(Output *output, const char *path, const char *hex, GError **error)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(hex, error);

    if (!bytes) {
        return FALSE;
    }
    output_add(output, path, bytes);
    return TRUE;
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
    g_autoptr(Output) output = output_new();
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
        if (files[i].path && !add_hex(output, files[i].path, files[i].hex, error)) {
            return FALSE;
        }
    }
    return output_write(output, error);
}
