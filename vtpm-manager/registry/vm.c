/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/vm.h"

#include <string.h>
#include <sys/random.h>

#include "attest/deepquote.h"
#include "registry/error.h"
#include "registry/name.h"

#define CEILING_STEP G_GUINT64_CONSTANT(4096)
#define STORES_MAX (G_GUINT64_CONSTANT(1) << 48)

/* What a vTPM can store: more than any disk takes, and what may be forgotten in a crash. */
#define STORES_A_SECOND G_GUINT64_CONSTANT(10000)
#define STORES_AT_ONCE (G_GUINT64_CONSTANT(1) << 20)

struct RegistryVms {
    RegistryStore *store;
    RegistryGroups *groups;
    GHashTable *by_uuid; /* uuid -> RegistryVm, tombstones included */
};

static void vm_free(gpointer data)
{
    RegistryVm *vm = data;

    g_free(vm->name);
    g_free(vm);
}

static void draw_lineage(RegistryVm *vm)
{
    gsize got = 0;

    while (got < sizeof(vm->lineage)) {
        ssize_t n = getrandom(vm->lineage + got, sizeof(vm->lineage) - got, 0);

        got += n > 0 ? (gsize)n : 0;
    }
}

static int64_t now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

RegistryVms *vms_new(RegistryStore *store, RegistryGroups *groups)
{
    RegistryVms *vms = g_new0(RegistryVms, 1);

    vms->store = store;
    vms->groups = groups;
    vms->by_uuid = g_hash_table_new_full(wire_uuid_hash, wire_uuid_equal, NULL, vm_free);
    return vms;
}

void vms_free(RegistryVms *vms)
{
    if (vms) {
        g_hash_table_unref(vms->by_uuid);
        g_free(vms);
    }
}

static void count_member(RegistryVms *vms, const RegistryVm *vm, int change)
{
    if (vm->registered) {
        groups_count(vms->groups, vm->group->name, change);
    }
}

gboolean vms_take(RegistryVms *vms, RegistryVm *vm, const char *group)
{
    vm->group = groups_find(vms->groups, group, NULL);
    if (!vm->group) {
        return FALSE;
    }
    count_member(vms, vm, 1);
    g_hash_table_replace(vms->by_uuid, &vm->uuid, vm);
    return TRUE;
}

gboolean vms_settle(RegistryVms *vms, GError **error)
{
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, vms->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        RegistryVm *vm = value;

        if (vm->exact && vm->ceiling != vm->generation) {
            RegistryVm *change = g_memdup2(vm, sizeof(*vm));

            change->ceiling = vm->generation;
            g_ptr_array_add(changes, change);
        }
    }
    return registry_store_put_all(vms->store, changes, error);
}

/* What is stored; the name of @change is borrowed. */
static void remember(RegistryVms *vms, const RegistryVm *change)
{
    RegistryVm *old = g_hash_table_lookup(vms->by_uuid, &change->uuid);
    RegistryVm *vm = g_memdup2(change, sizeof(*change));

    vm->name = g_strdup(change->name);
    if (old) {
        count_member(vms, old, -1);
    }
    count_member(vms, vm, 1);
    g_hash_table_replace(vms->by_uuid, &vm->uuid, vm);
}

/* Stores @change with a note of what it changes; only then does memory follow. */
static gboolean put_with(RegistryVms *vms, const RegistryVm *change, guint parts,
                         const RegistryAuthor *by, GError **error)
{
    g_autofree char *what =
        registry_audit_describe(g_hash_table_lookup(vms->by_uuid, &change->uuid), change);
    g_autofree char *uuid = dq_uuid_format(change->uuid.byte);
    const RegistryNote note = { by, uuid, what };

    if (!registry_store_put(vms->store, change, parts, &note, error)) {
        return FALSE;
    }
    remember(vms, change);
    return TRUE;
}

/* But for its state and its key. */
static gboolean put(RegistryVms *vms, const RegistryVm *change, const RegistryAuthor *by,
                    GError **error)
{
    return put_with(vms, change, 0, by, error);
}

static RegistryVm *find(const RegistryVms *vms, const WireUuid *uuid, GError **error)
{
    RegistryVm *vm = g_hash_table_lookup(vms->by_uuid, uuid);

    if (!vm || !vm->registered) {
        g_autofree char *text = dq_uuid_format(uuid->byte);

        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_UNKNOWN,
                    "VM %s is not registered; use vtpm-managerctl register %s", text, text);
        return NULL;
    }
    return vm;
}

const RegistryVm *vms_find(const RegistryVms *vms, const WireUuid *uuid)
{
    RegistryVm *vm = g_hash_table_lookup(vms->by_uuid, uuid);

    return vm && vm->registered ? vm : NULL;
}

static gint compare_uuids(gconstpointer a, gconstpointer b)
{
    const RegistryVm *const *x = a;
    const RegistryVm *const *y = b;

    return memcmp(&(*x)->uuid, &(*y)->uuid, sizeof(WireUuid));
}

GPtrArray *vms_list(const RegistryVms *vms)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, vms->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((RegistryVm *)value)->registered) {
            g_ptr_array_add(list, value);
        }
    }
    g_ptr_array_sort(list, compare_uuids);
    return list;
}

/* Another registered VM of that owner with which @vm may not share it; NULL: none. */
static const RegistryVm *rival_of(const RegistryVms *vms, const RegistryVm *vm)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, vms->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const RegistryVm *other = value;

        if (other->registered && other->owner == vm->owner &&
            !wire_uuid_equal(&other->uuid, &vm->uuid) &&
            (vm->rule == REGISTRY_RULE_USER || other->rule == REGISTRY_RULE_USER)) {
            return other;
        }
    }
    return NULL;
}

/* Whoever has a vTPM of its owner could else speak for a VM that is known by that user alone. */
static gboolean check_owner(const RegistryVms *vms, const RegistryVm *vm, GError **error)
{
    const RegistryVm *rival = vm->owner == REGISTRY_NO_OWNER ? NULL : rival_of(vms, vm);
    g_autofree char *text = rival ? dq_uuid_format(rival->uuid.byte) : NULL;

    if (rival) {
        g_set_error(
            error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
            "user %u owns VM %s, and by the rule \"user\" an owner has one VM only: run this "
            "VM's vTPM as another user and give that with --owner, or have both known by "
            "another rule, with --rule unit or --rule libvirt",
            (unsigned)vm->owner, text);
    }
    return !rival;
}

gboolean vms_register(RegistryVms *vms, const RegistryNewVm *new_vm, const RegistryAuthor *by,
                      GError **error)
{
    const RegistryVm *old = g_hash_table_lookup(vms->by_uuid, &new_vm->uuid);
    g_autofree char *own_name = g_strdup(new_vm->name ? new_vm->name : "");
    RegistryVm vm = { 0 };

    if (old && old->registered) {
        g_autofree char *text = dq_uuid_format(new_vm->uuid.byte);

        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_EXISTS,
                    "VM %s is registered already; unregister it first to change it", text);
        return FALSE;
    }
    if (old) {
        vm = *old;
    }
    if (!registry_name_check("VM", own_name, 0, error)) {
        return FALSE;
    }
    vm.uuid = new_vm->uuid;
    vm.name = own_name;
    vm.rule = new_vm->rule;
    vm.owner = new_vm->owner;
    vm.group =
        groups_find(vms->groups, new_vm->group ? new_vm->group : REGISTRY_GROUP_DEFAULT, error);
    if (!vm.group || !groups_check_room(vm.group, error) || !check_owner(vms, &vm, error)) {
        return FALSE;
    }
    draw_lineage(&vm);
    vm.state.known = FALSE;
    vm.broken = vm.accepted = vm.refused = vm.rival = vm.noted = 0;
    vm.rivals = 0;
    vm.registered = TRUE;
    vm.enabled = TRUE;
    vm.created = now();
    vm.removed = 0;
    g_return_val_if_fail(new_vm->ek.len <= sizeof(vm.ek), FALSE);
    vm.ek_len = new_vm->ek.len;
    if (vm.ek_len > 0) {
        memcpy(vm.ek, new_vm->ek.p, vm.ek_len);
    }
    vm.key.sealed |= new_vm->sealed;
    return put_with(vms, &vm, REGISTRY_PART_STATE | REGISTRY_PART_KEY, by, error);
}

/* A copy to change and put(): what it points to stays the registry's. */
static gboolean copy(RegistryVms *vms, const WireUuid *uuid, RegistryVm *ret, GError **error)
{
    const RegistryVm *vm = find(vms, uuid, error);

    if (!vm) {
        return FALSE;
    }
    *ret = *vm;
    return TRUE;
}

gboolean vms_unregister(RegistryVms *vms, const WireUuid *uuid, const RegistryAuthor *by,
                        GError **error)
{
    RegistryVm vm;

    if (!copy(vms, uuid, &vm, error)) {
        return FALSE;
    }
    vm.registered = FALSE;
    vm.group = groups_find(vms->groups, REGISTRY_GROUP_DEFAULT, NULL);
    vm.removed = now();
    return put(vms, &vm, by, error);
}

gboolean vms_enable(RegistryVms *vms, const WireUuid *uuid, gboolean enabled,
                    const RegistryAuthor *by, GError **error)
{
    RegistryVm vm;

    if (!copy(vms, uuid, &vm, error)) {
        return FALSE;
    }
    vm.enabled = enabled;
    return put(vms, &vm, by, error);
}

gboolean vms_move(RegistryVms *vms, const WireUuid *uuid, const char *group,
                  const RegistryAuthor *by, GError **error)
{
    RegistryVm vm;

    if (!copy(vms, uuid, &vm, error)) {
        return FALSE;
    }
    vm.group = groups_find(vms->groups, group, error);
    return vm.group &&
           (vm.group == vms_find(vms, uuid)->group || groups_check_room(vm.group, error)) &&
           put(vms, &vm, by, error);
}

gboolean vms_remove_group(RegistryVms *vms, const char *name, const RegistryAuthor *by,
                          GError **error)
{
    const RegistryGroup *group = groups_find(vms->groups, name, error);
    GHashTableIter iter;
    gpointer value;

    if (!group) {
        return FALSE;
    }
    g_hash_table_iter_init(&iter, vms->by_uuid);
    while (group->approval && g_hash_table_iter_next(&iter, NULL, &value)) {
        const RegistryVm *vm = value;

        if (vm->key.made && memcmp(vm->key.seed, group->seed, sizeof(group->seed)) == 0) {
            g_autofree char *text = dq_uuid_format(vm->uuid.byte);

            g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                        "the key of VM %s is wrapped with that of the group %s, and would be lost "
                        "with it: start the VM once in the group that it is in",
                        text, name);
            return FALSE;
        }
    }
    return groups_remove(vms->groups, name, by, error);
}

gboolean vms_rename(RegistryVms *vms, const WireUuid *uuid, const char *name,
                    const RegistryAuthor *by, GError **error)
{
    g_autofree char *own_name = g_strdup(name);
    RegistryVm vm;

    if (!copy(vms, uuid, &vm, error) || !registry_name_check("VM", name, 0, error)) {
        return FALSE;
    }
    vm.name = own_name;
    return put(vms, &vm, by, error);
}

gboolean vms_set_rule(RegistryVms *vms, const WireUuid *uuid, RegistryRule rule, uid_t owner,
                      const RegistryAuthor *by, GError **error)
{
    RegistryVm vm;

    if (!copy(vms, uuid, &vm, error)) {
        return FALSE;
    }
    vm.rule = rule;
    vm.owner = owner;
    return check_owner(vms, &vm, error) && put(vms, &vm, by, error);
}

gboolean vms_seal(RegistryVms *vms, const WireUuid *uuid, const RegistryAuthor *by, GError **error)
{
    RegistryVm vm;

    if (!copy(vms, uuid, &vm, error)) {
        return FALSE;
    }
    vm.key.sealed = TRUE;
    return put_with(vms, &vm, REGISTRY_PART_KEY, by, error);
}

gboolean vms_set_key(RegistryVms *vms, const WireUuid *uuid, const RegistryKey *key, GError **error)
{
    RegistryVm vm;

    if (!copy(vms, uuid, &vm, error)) {
        return FALSE;
    }
    vm.key = *key;
    return put_with(vms, &vm, REGISTRY_PART_KEY, NULL, error);
}

/* The endorsement key that it had, where none is known here. */
static gboolean restore_ek(RegistryVm *vm, WireBytes ek, GError **error)
{
    if (ek.len == 0) {
        return TRUE;
    }
    if (vm->ek_len > 0 && !wire_bytes_equal(ek, (WireBytes){ vm->ek, vm->ek_len })) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "it has another endorsement key here: it is another VM, or its TPM's state was "
                    "made anew");
        return FALSE;
    }
    memcpy(vm->ek, ek.p, ek.len);
    vm->ek_len = ek.len;
    return TRUE;
}

gboolean vms_restore(RegistryVms *vms, const WireUuid *uuid, const RegistryRestored *restored,
                     const RegistryAuthor *by, GError **error)
{
    RegistryVm vm;

    g_return_val_if_fail(restored->ek.len <= sizeof(vm.ek), FALSE);
    if (!copy(vms, uuid, &vm, error) || !restore_ek(&vm, restored->ek, error)) {
        return FALSE;
    }
    if (vm.key.made && !restored->replace) {
        g_set_error(
            error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
            "it has a key of its own here: what that encrypts would be lost; --replace says "
            "that it may be");
        return FALSE;
    }
    vm.key = restored->key;
    return put_with(vms, &vm, REGISTRY_PART_KEY, by, error);
}

/* ------------------------------------------------------------------------ lives and generations */

static gboolean fail_uncountable(GError **error, const RegistryVm *vm, RegistryError code)
{
    g_autofree char *text = dq_uuid_format(vm->uuid.byte);

    g_set_error(error, REGISTRY_ERROR, (gint)code, "VM %s counts %s; restart its vTPM", text,
                code == REGISTRY_ERROR_JUMP ? "more stored states than it can have stored since"
                                            : "fewer stored states than it told before");
    return FALSE;
}

static gboolean same_state(const RegistryState *a, const RegistryState *b)
{
    return a->known == b->known &&
           (!a->known || (memcmp(a->stored, b->stored, sizeof(a->stored)) == 0 &&
                          memcmp(a->announced, b->announced, sizeof(a->announced)) == 0 &&
                          a->suspended == b->suspended &&
                          (!a->suspended || memcmp(a->saved, b->saved, sizeof(a->saved)) == 0)));
}

gboolean vms_is_present_life(const RegistryVm *vm, const uint8_t *instance)
{
    return vm->has_instance && memcmp(vm->instance, instance, sizeof(vm->instance)) == 0;
}

static gboolean pins(const RegistryVm *vm, const RegistryLife *life)
{
    return vm->ek_len == 0 && life->ek.len > 0;
}

static gboolean changes(const RegistryVm *vm, const RegistryLife *life)
{
    return !vms_is_present_life(vm, life->instance) || !vm->exact || pins(vm, life) ||
           !same_state(&vm->state, &life->state);
}

/* After a crash nobody knows what was told last, but that it was below the ceiling. */
static gboolean resume(RegistryVm *vm, uint64_t stores, GError **error)
{
    if (vm->exact) {
        return TRUE;
    }
    if (stores > vm->ceiling) {
        return fail_uncountable(error, vm, REGISTRY_ERROR_JUMP);
    }
    vm->base = vm->ceiling - stores;
    vm->generation = vm->ceiling;
    vm->exact = TRUE;
    vm->ceiling += CEILING_STEP;
    return TRUE;
}

static void begin(RegistryVm *vm, const RegistryLife *life)
{
    vm->epoch++;
    vm->base = vm->exact || !vm->has_instance ? vm->generation : vm->ceiling;
    vm->generation = vm->base;
    vm->exact = TRUE;
    vm->ceiling = vm->base + CEILING_STEP;
    vm->has_instance = TRUE;
    memcpy(vm->instance, life->instance, sizeof(vm->instance));
    if (life->broken) {
        draw_lineage(vm);
        vm->broken = vm->accepted ? 0 : now();
        vm->accepted = 0;
    }
}

gboolean vms_start_life(RegistryVms *vms, const WireUuid *uuid, const RegistryLife *life,
                        GError **error)
{
    const RegistryVm *old = find(vms, uuid, error);
    RegistryVm vm;

    if (!old) {
        return FALSE;
    }
    g_return_val_if_fail(life->ek.len <= sizeof(old->ek), FALSE);
    if (!changes(old, life)) {
        return TRUE;
    }
    vm = *old;
    if (!vms_is_present_life(old, life->instance)) {
        begin(&vm, life);
    } else if (!resume(&vm, life->stores, error)) {
        return FALSE;
    }
    if (pins(old, life)) {
        vm.ek_len = life->ek.len;
        memcpy(vm.ek, life->ek.p, life->ek.len);
    }
    vm.state = life->state;
    vm.refused = 0;
    vm.seen = now();
    return put_with(vms, &vm, REGISTRY_PART_STATE, NULL, error);
}

void vms_set_state(RegistryVms *vms, const WireUuid *uuid, const RegistryState *state)
{
    RegistryVm *vm = find(vms, uuid, NULL);

    if (vm) {
        vm->state = *state;
    }
}

void vms_note_refused(RegistryVms *vms, const WireUuid *uuid)
{
    RegistryVm *vm = find(vms, uuid, NULL);

    if (vm) {
        vm->refused = now();
    }
}

/* Whoever makes the log grow, it is by so many entries a VM and year at most. */
#define RIVALS_NOTED_EVERY 3600

gboolean vms_note_rival(RegistryVms *vms, const WireUuid *uuid, const char *who, GError **error)
{
    RegistryVm *vm = find(vms, uuid, NULL);
    g_autofree char *text = dq_uuid_format(uuid->byte);
    g_autofree char *what =
        g_strdup_printf("another vTPM was refused beside the one that is connected: %s", who);
    const RegistryNote note = { NULL, text, what };

    if (!vm) {
        return TRUE;
    }
    vm->rivals += vm->rivals < G_MAXUINT32;
    vm->rival = now();
    if (vm->noted != 0 && ABS(vm->rival - vm->noted) < RIVALS_NOTED_EVERY) {
        return TRUE;
    }
    vm->noted = vm->rival;
    return registry_store_put(vms->store, vm, 0, &note, error);
}

gboolean vms_set_continuity(RegistryVms *vms, const WireUuid *uuid, RegistryContinuity continuity,
                            const RegistryAuthor *by, GError **error)
{
    RegistryVm vm;

    if (!copy(vms, uuid, &vm, error)) {
        return FALSE;
    }
    vm.continuity = continuity;
    return put(vms, &vm, by, error);
}

gboolean vms_accept(RegistryVms *vms, const WireUuid *uuid, const RegistryAuthor *by,
                    GError **error)
{
    RegistryVm vm;

    if (!copy(vms, uuid, &vm, error)) {
        return FALSE;
    }
    if (!vm.broken || vm.refused) {
        vm.accepted = now();
    }
    vm.broken = 0;
    return put(vms, &vm, by, error);
}

static gboolean raise_ceiling(RegistryVms *vms, const RegistryVm *old, uint64_t generation,
                              GError **error)
{
    RegistryVm vm = *old;

    vm.generation = generation;
    vm.exact = TRUE;
    vm.ceiling = generation + CEILING_STEP;
    vm.seen = now();
    return put(vms, &vm, NULL, error);
}

/* The most that @vm may have stored since it was seen. */
static uint64_t most_stores(const RegistryVm *vm)
{
    int64_t seconds = CLAMP(now() - vm->seen, 0, G_MAXINT32);

    return STORES_AT_ONCE + (uint64_t)seconds * STORES_A_SECOND;
}

gboolean vms_advance(RegistryVms *vms, const WireUuid *uuid, uint64_t stores, GError **error)
{
    RegistryVm *vm = find(vms, uuid, error);
    uint64_t generation;

    if (!vm) {
        return FALSE;
    }
    /* The file's integers are signed, and no vTPM stores that often. */
    if (stores >= STORES_MAX) {
        return fail_uncountable(error, vm, REGISTRY_ERROR_JUMP);
    }
    generation = vm->base + stores;
    if (generation < vm->generation) {
        return fail_uncountable(error, vm, REGISTRY_ERROR_CONFLICT);
    }
    if (generation - vm->generation > most_stores(vm)) {
        return fail_uncountable(error, vm, REGISTRY_ERROR_JUMP);
    }
    if (generation > vm->ceiling) {
        return raise_ceiling(vms, vm, generation, error);
    }
    vm->generation = generation;
    vm->exact = TRUE;
    vm->seen = now();
    return TRUE;
}
