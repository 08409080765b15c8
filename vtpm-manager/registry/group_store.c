/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/group_store.h"

#include "registry/file.h"

/** A group, or the name of one, and what is noted. */
typedef struct GroupChange {
    const RegistryGroup *group;
    const char *name;
    const RegistryNote *note;
} GroupChange;

static gboolean put(void *data, const void *what, GError **error)
{
    RegistryFile *file = data;
    const GroupChange *c = what;
    const RegistryGroup *group = c->group;
    const RegistryApproval *approval = group->approval;
    const RegistryValue weight[] = { { .text = group->name }, { .number = group->weight } };
    const RegistryValue seed[] = { { .text = group->name },
                                   { .blob = group->seed, .size = sizeof(group->seed) } };
    const RegistryValue list[] = { { .text = group->name },
                                   { .text = approval ? approval->pem : "" },
                                   { .text = approval ? approval->text : "" } };

    return registry_file_put(file, "INSERT OR REPLACE INTO vm_group (name, weight) VALUES (?,?)",
                             weight, G_N_ELEMENTS(weight), error) &&
           (!group->has_seed ||
            registry_file_put(file, "INSERT OR REPLACE INTO group_seed (name, seed) VALUES (?,?)",
                              seed, G_N_ELEMENTS(seed), error)) &&
           (!approval ||
            registry_file_put(
                file, "INSERT OR REPLACE INTO group_approval (name, key, list) VALUES (?,?,?)",
                list, G_N_ELEMENTS(list), error)) &&
           registry_audit_add(file, c->note, error);
}

gboolean group_store_put(RegistryStore *store, const RegistryGroup *group, const RegistryNote *note,
                         GError **error)
{
    const GroupChange change = { group, group->name, note };
    RegistryFile *file = registry_store_file(store);

    return registry_file_change(file, put, file, &change, error);
}

static gboolean remove_rows(void *data, const void *what, GError **error)
{
    static const char *const statements[] = {
        "DELETE FROM vm_group WHERE name = ?",
        "DELETE FROM group_seed WHERE name = ?",
        "DELETE FROM group_approval WHERE name = ?",
    };
    RegistryFile *file = data;
    const GroupChange *c = what;
    const RegistryValue name = { .text = c->name };

    for (gsize i = 0; i < G_N_ELEMENTS(statements); i++) {
        if (!registry_file_put(file, statements[i], &name, 1, error)) {
            return FALSE;
        }
    }
    return registry_audit_add(file, c->note, error);
}

gboolean group_store_remove(RegistryStore *store, const char *name, const RegistryNote *note,
                            GError **error)
{
    const GroupChange change = { NULL, name, note };
    RegistryFile *file = registry_store_file(store);

    return registry_file_change(file, remove_rows, file, &change, error);
}
