/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packages: any bytes are one or an error; names of files are absolute. */
#include "deb_files.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean take_package(const DebPackage *package, gpointer data)
{
    (*(guint *)data)++;
    return package->name && package->version && package->source && package->source_version;
}

static void take_file(const char *name, const uint8_t *digest, gpointer data)
{
    g_assert_true(name[0] == '/' && digest && *(guint *)data == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const DebHandler handler = { take_package, take_file };
    g_autoptr(GError) error = NULL;
    guint packages = 0;
    const gboolean ok = deb_files((DqBytes){ data, size }, &handler, &packages, &error);

    g_assert_true(ok == !error && (!ok || packages == 1));
    return 0;
}
