/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/group.h"

#include <string.h>

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

void groups_take(RegistryGroups *groups, const char *name, guint weight)
{
    RegistryGroup *group = g_new0(RegistryGroup, 1);

    group->name = g_strdup(name);
    group->weight = weight;
    g_hash_table_replace(groups->by_name, group->name, group);
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
        groups_take(groups, name, weight);
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
