/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

/* Takes over @file, which is NULL with errno where opening failed. Returns: an errno, or 0. */
static int read_all(FILE *file, char *ret_data, gsize size, gsize *ret_len)
{
    int number = 0;

    if (!file) {
        return errno;
    }
    *ret_len = fread(ret_data, 1, size, file);
    if (ferror(file)) {
        number = errno;
    }
    fclose(file);
    return number;
}

char *dq_file_read(const char *path, gsize max, gsize *ret_len, GError **error)
{
    g_autofree char *data = g_malloc(max + 1);
    g_autofree char *name = g_filename_display_name(path);
    gsize len = 0;
    int number = read_all(g_fopen(path, "re"), data, max + 1, &len);

    if (number != 0) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(number),
                    "cannot read %s: %s", name, g_strerror(number));
        return NULL;
    }
    if (len > max) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s has more than %" G_GSIZE_FORMAT " bytes: is it the right file?", name, max);
        return NULL;
    }
    *ret_len = len;
    return g_steal_pointer(&data);
}
