/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"

#include <string.h>

#include "attest/deepquote.h"
#include "common/input.h"
#include "common/output.h"
#include "json.h"

enum { TEXT_MAX = 8 << 20 }; /* bytes of a file; the manager takes no list as long */

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

char *ctl_read_text(const char *path, const char *wanted, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, TEXT_MAX, error);
    g_autofree char *text = NULL;
    gsize size = 0;

    if (!bytes) {
        return NULL;
    }
    text = g_strndup(g_bytes_get_data(bytes, &size), g_bytes_get_size(bytes));
    if (strlen(text) != size || !g_str_is_ascii(text)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: it is no text: give %s",
                    path, wanted);
        return NULL;
    }
    return g_strchomp(g_steal_pointer(&text));
}
