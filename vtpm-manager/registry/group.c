/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/group.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "registry/error.h"
#include "registry/group_store.h"
#include "registry/name.h"

struct RegistryGroups {
    RegistryStore *store;
    GHashTable *by_name; /* name -> RegistryGroup */
};

static void group_free(gpointer data)
{
    RegistryGroup *group = data;

    g_free(group->name);
    registry_approval_unref(group->approval);
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
    own->approval = group->approval ? registry_approval_ref(group->approval) : NULL;
    own->members = 0;
    g_hash_table_replace(groups->by_name, own->name, own);
}

static gboolean draw_seed(RegistryGroup *group, GError **error)
{
    if (getentropy(group->seed, sizeof(group->seed)) != 0) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE,
                    "the system has no random numbers: %s", g_strerror(errno));
        return FALSE;
    }
    group->has_seed = TRUE;
    return TRUE;
}

/* Stores @changed, a copy of a group, and then makes the group so. */
static gboolean keep(RegistryGroups *groups, const RegistryGroup *changed, const RegistryNote *note,
                     GError **error)
{
    RegistryGroup *group = g_hash_table_lookup(groups->by_name, changed->name);

    if (!group_store_put(groups->store, changed, note, error)) {
        return FALSE;
    }
    if (!group) {
        groups_take(groups, changed);
        return TRUE;
    }
    if (changed->approval != group->approval) {
        registry_approval_unref(group->approval);
        group->approval = registry_approval_ref(changed->approval);
    }
    group->weight = changed->weight;
    group->has_seed = changed->has_seed;
    memcpy(group->seed, changed->seed, sizeof(group->seed));
    return TRUE;
}

gboolean groups_ensure_seed(RegistryGroups *groups, const char *name, GError **error)
{
    static const RegistryNote nothing = { 0 };
    RegistryGroup changed = *(const RegistryGroup *)g_hash_table_lookup(groups->by_name, name);

    return changed.has_seed ||
           (draw_seed(&changed, error) && keep(groups, &changed, &nothing, error));
}

const RegistryGroup *groups_find_seed(const RegistryGroups *groups, const uint8_t *seed)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, groups->by_name);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const RegistryGroup *group = value;

        if (group->has_seed && memcmp(group->seed, seed, sizeof(group->seed)) == 0) {
            return group;
        }
    }
    return NULL;
}

gboolean groups_check_room(const RegistryGroup *group, GError **error)
{
    const DqGroupList *list = group->approval ? group->approval->list : NULL;

    if (list && list->vms > 0 && group->members >= list->vms) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "the list of the group %s allows %u VM(s), and so many are in it", group->name,
                    list->vms);
        return FALSE;
    }
    return TRUE;
}

gboolean groups_set_key(RegistryGroups *groups, const char *name, const char *pem,
                        const RegistryAuthor *by, GError **error)
{
    const RegistryGroup *group = groups_find(groups, name, error);
    g_autoptr(RegistryApproval) approval =
        group ? registry_approval_new(name, pem, "", error) : NULL;
    g_autofree char *hex = NULL, *what = NULL;
    RegistryNote note = { by, name, NULL };
    RegistryGroup changed;

    if (!approval) {
        return FALSE;
    }
    if (group->approval) {
        if (memcmp(group->approval->key_digest, approval->key_digest, DQ_HASH_SIZE) == 0) {
            return TRUE;
        }
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "the group %s has another approval key, for good: make another group with this "
                    "key, and move the VMs",
                    name);
        return FALSE;
    }
    changed = *group;
    changed.approval = approval;
    hex = dq_hex_encode(approval->key_digest, DQ_HASH_SIZE);
    what = g_strdup_printf("the approval key %s", hex);
    note.what = what;
    return draw_seed(&changed, error) && keep(groups, &changed, &note, error);
}

/* Whether @now may come after what the group has; the same list may come again. */
static gboolean check_sequence(const RegistryGroup *group, const RegistryApproval *now,
                               GError **error)
{
    const DqGroupList *before = group->approval->list;

    if (before && (now->list->sequence < before->sequence ||
                   (now->list->sequence == before->sequence &&
                    !g_str_equal(now->text, group->approval->text)))) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "the group %s has list %" G_GINT64_FORMAT
                    " already, and takes only newer ones: this is number %" G_GINT64_FORMAT,
                    group->name, before->sequence, now->list->sequence);
        return FALSE;
    }
    return TRUE;
}

gboolean groups_set_list(RegistryGroups *groups, const char *name, const char *text,
                         const RegistryAuthor *by, GError **error)
{
    const RegistryGroup *group = groups_find(groups, name, error);
    g_autoptr(RegistryApproval) approval = NULL;
    g_autofree char *what = NULL;
    RegistryNote note = { by, name, NULL };
    RegistryGroup changed;

    if (!group) {
        return FALSE;
    }
    if (!group->approval || *text == '\0') {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "the group %s has no approval key that could have signed a list: "
                    "vtpm-managerctl group %s --approval-key FILE",
                    name, name);
        return FALSE;
    }
    approval = registry_approval_new(name, group->approval->pem, text, error);
    if (!approval || !check_sequence(group, approval, error)) {
        return FALSE;
    }
    if (g_str_equal(text, group->approval->text)) {
        return TRUE;
    }
    changed = *group;
    changed.approval = approval;
    changed.weight = approval->list->weight > 0 ? approval->list->weight : group->weight;
    what = g_strdup_printf("the list %" G_GINT64_FORMAT, approval->list->sequence);
    note.what = what;
    return keep(groups, &changed, &note, error);
}

const DqGroupList *groups_vtpm_list(const RegistryGroup *group)
{
    const DqGroupList *list = group->approval ? group->approval->list : NULL;

    return list && list->measurements->len > 0 ? list : NULL;
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

/* The weight of a tenant's list is the tenant's. */
static gboolean check_weight(const RegistryGroup *group, guint weight, GError **error)
{
    const DqGroupList *list = group && group->approval ? group->approval->list : NULL;

    if (weight < 1 || weight > REGISTRY_WEIGHT_MAX) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "a group has a weight of 1 to %d", REGISTRY_WEIGHT_MAX);
        return FALSE;
    }
    if (list && list->weight > 0 && list->weight != weight) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "the list of the group %s says weight %u: only another list changes that",
                    group->name, list->weight);
        return FALSE;
    }
    return TRUE;
}

gboolean groups_set(RegistryGroups *groups, const char *name, guint weight,
                    const RegistryAuthor *by, GError **error)
{
    const RegistryGroup *group = g_hash_table_lookup(groups->by_name, name);
    RegistryGroup changed = { .name = (char *)name };
    g_autofree char *what = NULL;
    RegistryNote note = { by, name, NULL };

    if (!registry_name_check("group", name, 1, error) || !check_weight(group, weight, error)) {
        return FALSE;
    }
    if (group) {
        changed = *group;
    }
    changed.weight = weight;
    what = g_strdup_printf("a group of weight %u", weight);
    note.what = what;
    return keep(groups, &changed, &note, error);
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
    if (!group_store_remove(groups->store, name, &note, error)) {
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
