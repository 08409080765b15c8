/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A repository's Packages file: any bytes are one or an error. */
#include "packages_index.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean look(const IndexedPackage *package, gpointer data, G_GNUC_UNUSED GError **error)
{
    guint *count = data;

    g_assert_nonnull(package->name);
    g_assert_true(*package->file != '/' && *package->file != '\0');
    g_assert_false(g_str_has_prefix(package->file, "../"));
    g_assert_null(strstr(package->file, "/../"));
    g_assert_false(g_str_has_suffix(package->file, "/.."));
    (*count)++;
    return TRUE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    guint count = 0;
    const gboolean ok = packages_index_read((DqBytes){ data, size }, look, &count, &error);

    g_assert_true(ok == !error);
    g_assert_true(ok || error->domain == DQ_ERROR);
    g_assert_cmpuint(count, <=, (guint)size);
    return 0;
}
