/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/note.h"

#include "registry/file.h"
#include "registry/store.h"

static gboolean add(void *data, const void *what, GError **error)
{
    return registry_audit_add(data, what, error);
}

gboolean registry_note(RegistryStore *store, const RegistryNote *note, GError **error)
{
    RegistryFile *file = registry_store_file(store);

    return registry_file_change(file, add, file, note, error);
}
