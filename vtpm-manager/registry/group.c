/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/group.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "registry/error.h"
#include "registry/name.h"

struct RegistryGroups {
    RegistryStore *store;
    GHashTable *by_name; /* name -> RegistryGroup */
};

static void group_free(gpointer data)
{
    RegistryGroup *group = data;

    g_free(group->name);
    g_free(group);
}

RegistryGroups *groups_new(RegistryStore *store)
{
    RegistryGroups *groups = g_new0(RegistryGroups, 1);

    groups->store = store;
    groups->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, group_free);
    return groups;
}

void groups_free(RegistryGroups *groups)
{
    if (groups) {
        g_hash_table_unref(groups->by_name);
        g_free(groups);
    }
}

void groups_take(RegistryGroups *groups, const RegistryGroup *group)
{
    RegistryGroup *own = g_memdup2(group, sizeof(*group));

    own->name = g_strdup(group->name);
    own->members = 0;
    g_hash_table_replace(groups->by_name, own->name, own);
}

gboolean groups_ensure_seed(RegistryGroups *groups, const char *name, GError **error)
{
    RegistryGroup *group = g_hash_table_lookup(groups->by_name, name);
    uint8_t seed[REGISTRY_SEED_SIZE];

    if (group->has_seed) {
        return TRUE;
    }
    if (getentropy(seed, sizeof(seed)) != 0) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE,
                    "the system has no random numbers: %s", g_strerror(errno));
        return FALSE;
    }
    if (!registry_store_put_seed(groups->store, name, seed, error)) {
        return FALSE;
    }
    memcpy(group->seed, seed, sizeof(seed));
    group->has_seed = TRUE;
    return TRUE;
}

void groups_count(RegistryGroups *groups, const char *name, int change)
{
    RegistryGroup *group = g_hash_table_lookup(groups->by_name, name);

    group->members += (guint)change;
}

const RegistryGroup *groups_find(const RegistryGroups *groups, const char *name, GError **error)
{
    const RegistryGroup *group = g_hash_table_lookup(groups->by_name, name);

    if (!group) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_UNKNOWN,
                    "there is no group %s; make it with vtpm-managerctl group %s --weight N", name,
                    name);
    }
    return group;
}

gboolean groups_set(RegistryGroups *groups, const char *name, guint weight,
                    const RegistryAuthor *by, GError **error)
{
    RegistryGroup *group;
    g_autofree char *what = NULL;
    RegistryNote note = { by, name, NULL };

    if (!registry_name_check("group", name, 1, error)) {
        return FALSE;
    }
    if (weight < 1 || weight > REGISTRY_WEIGHT_MAX) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "a group has a weight of 1 to %d", REGISTRY_WEIGHT_MAX);
        return FALSE;
    }
    what = g_strdup_printf("a group of weight %u", weight);
    note.what = what;
    if (!registry_store_put_group(groups->store, name, weight, &note, error)) {
        return FALSE;
    }
    group = g_hash_table_lookup(groups->by_name, name);
    if (group) {
        group->weight = weight;
    } else {
        groups_take(groups, &(RegistryGroup){ .name = (char *)name, .weight = weight });
    }
    return TRUE;
}

gboolean groups_remove(RegistryGroups *groups, const char *name, const RegistryAuthor *by,
                       GError **error)
{
    const RegistryGroup *group = groups_find(groups, name, error);
    const RegistryNote note = { by, name, "the group is removed" };

    if (!group) {
        return FALSE;
    }
    if (g_str_equal(name, REGISTRY_GROUP_DEFAULT)) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "the group %s cannot be removed: new VMs are in it", name);
        return FALSE;
    }
    if (group->members > 0) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "%u VM(s) are in the group %s; move them with vtpm-managerctl move first",
                    group->members, name);
        return FALSE;
    }
    if (!registry_store_remove_group(groups->store, name, &note, error)) {
        return FALSE;
    }
    g_hash_table_remove(groups->by_name, name);
    return TRUE;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    const RegistryGroup *const *x = a;
    const RegistryGroup *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

GPtrArray *groups_list(const RegistryGroups *groups)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, groups->by_name);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        g_ptr_array_add(list, value);
    }
    g_ptr_array_sort(list, compare_names);
    return list;
}
