/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMs that this host knows, with the lives of their vTPMs: epochs and generations.
 *
 * A record stays when its VM is unregistered, as a tombstone: epoch and generation of a UUID never
 * go back.
 *
 * A quote must not wait for the disk, so what is stored is a ceiling of generations ahead of use.
 * After a crash that VM goes on at the ceiling: generations may skip, never repeat.
 */
#ifndef VTPM_MANAGER_REGISTRY_VM_H
#define VTPM_MANAGER_REGISTRY_VM_H

#include "registry/group.h"

typedef struct RegistryVms RegistryVms;

/** vms_new: none; @store, where changes go first, and @groups are borrowed. */
RegistryVms *vms_new(RegistryStore *store, RegistryGroups *groups);
void vms_free(RegistryVms *vms);

/** vms_take: a VM that is stored; @vm is owned where %TRUE, and there is such a @group. */
gboolean vms_take(RegistryVms *vms, RegistryVm *vm, const char *group);

/** vms_settle: stores what is only in memory, so that no generation need be skipped. */
gboolean vms_settle(RegistryVms *vms, GError **error);

/** vms_find: the registered VM, borrowed until the next change; else %NULL. */
const RegistryVm *vms_find(const RegistryVms *vms, const WireUuid *uuid);

/** vms_list: (transfer container) (element-type RegistryVm): registered VMs by UUID. */
GPtrArray *vms_list(const RegistryVms *vms);

/** A VM that is to be registered; what it points to is borrowed. */
typedef struct RegistryNewVm {
    WireUuid uuid;
    RegistryRule rule;
    uid_t owner;       /* as in RegistryVm */
    const char *name;  /* NULL: none */
    const char *group; /* NULL: REGISTRY_GROUP_DEFAULT */
    WireBytes ek;      /* may be empty */
    gboolean sealed;
} RegistryNewVm;

/**
 * vms_register: by the rule "user" its owner has no other VM, whatever that one's rule.
 *
 * Errors: REGISTRY_ERROR_EXISTS, REGISTRY_ERROR_UNKNOWN (no such group), REGISTRY_ERROR_CONFLICT
 * for what is no name and for an owner that has another VM, REGISTRY_ERROR_STORAGE.
 */
gboolean vms_register(RegistryVms *vms, const RegistryNewVm *new_vm, const RegistryAuthor *by,
                      GError **error);

/**
 * vms_set_rule: all else of the VM stays.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_CONFLICT for an owner that has another VM,
 * REGISTRY_ERROR_STORAGE.
 */
gboolean vms_set_rule(RegistryVms *vms, const WireUuid *uuid, RegistryRule rule, uid_t owner,
                      const RegistryAuthor *by, GError **error);

/** vms_unregister, vms_enable. Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE. */
gboolean vms_unregister(RegistryVms *vms, const WireUuid *uuid, const RegistryAuthor *by,
                        GError **error);
gboolean vms_enable(RegistryVms *vms, const WireUuid *uuid, gboolean enabled,
                    const RegistryAuthor *by, GError **error);

/**
 * vms_move: into @group.
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_CONFLICT where it has no room for it,
 * REGISTRY_ERROR_STORAGE.
 */
gboolean vms_move(RegistryVms *vms, const WireUuid *uuid, const char *group,
                  const RegistryAuthor *by, GError **error);

/**
 * vms_remove_group: groups_remove(), where no VM's key is wrapped with one that needs the group's
 * list; VMs that are not registered any more count too.
 *
 * Errors: those of groups_remove(); REGISTRY_ERROR_CONFLICT.
 */
gboolean vms_remove_group(RegistryVms *vms, const char *name, const RegistryAuthor *by,
                          GError **error);

/**
 * vms_rename: everything but the name stays: the pinned EK, epoch and generation.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_CONFLICT for what is no name,
 * REGISTRY_ERROR_STORAGE.
 */
gboolean vms_rename(RegistryVms *vms, const WireUuid *uuid, const char *name,
                    const RegistryAuthor *by, GError **error);

/** A life of a vTPM, as it says HELLO. */
typedef struct RegistryLife {
    const uint8_t *instance; /* MANAGER_INSTANCE_SIZE bytes */
    uint64_t stores;         /* of permanent state in this life */
    WireBytes ek;            /* Name that is pinned where none is yet; empty: none to pin */
    RegistryState state;     /* that its vTPM has now */
    gboolean broken;         /* it is not the history of this VM that goes on: a lineage begins */
} RegistryLife;

/** vms_is_present_life: whether @instance, of MANAGER_INSTANCE_SIZE bytes, is that of its last
 * life. */
gboolean vms_is_present_life(const RegistryVm *vm, const uint8_t *instance);

/**
 * vms_start_life: a vTPM says HELLO. With a new instance its life and an epoch start, on the disk
 * before this returns. The present one changes what is new of it alone, unless the manager had
 * crashed: then its generation goes on at the ceiling, so that none is reported twice.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE, REGISTRY_ERROR_JUMP.
 */
gboolean vms_start_life(RegistryVms *vms, const WireUuid *uuid, const RegistryLife *life,
                        GError **error);

/** vms_set_state: what registry_store_put_states() has stored of @uuid, if it is registered. */
void vms_set_state(RegistryVms *vms, const WireUuid *uuid, const RegistryState *state);

/** vms_note_refused: that @uuid, if it is registered, did not start for a break of its history. */
void vms_note_refused(RegistryVms *vms, const WireUuid *uuid);

/**
 * vms_note_rival: that another vTPM spoke for @uuid, if it is registered, beside the one that is
 * connected. The audit log is told once an hour.
 * @who: what is known of it
 *
 * Errors: REGISTRY_ERROR_STORAGE: it is counted, and the audit log lacks it.
 */
gboolean vms_note_rival(RegistryVms *vms, const WireUuid *uuid, const char *who, GError **error);

/**
 * vms_set_continuity: what a break of its history means for a VM from now on.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE.
 */
gboolean vms_set_continuity(RegistryVms *vms, const WireUuid *uuid, RegistryContinuity continuity,
                            const RegistryAuthor *by, GError **error);

/**
 * vms_seal: has the files of its vTPM's state encrypted from now on. It stays so, also where the VM
 * is unregistered and registered again.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE.
 */
gboolean vms_seal(RegistryVms *vms, const WireUuid *uuid, const RegistryAuthor *by, GError **error);

/**
 * vms_set_key: the key of a VM that is sealed, on the disk before this returns.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE.
 */
gboolean vms_set_key(RegistryVms *vms, const WireUuid *uuid, const RegistryKey *key,
                     GError **error);

/** What a VM had on another host. */
typedef struct RegistryRestored {
    RegistryKey key; /* made, wrapped for its group here */
    WireBytes ek;    /* Name that is pinned where none is yet; empty: none to pin */
    gboolean replace;
} RegistryRestored;

/**
 * vms_restore: the VM is sealed, with that key and endorsement key.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN; REGISTRY_ERROR_CONFLICT where it has another endorsement key, or
 * a key for its state that is not to be replaced; REGISTRY_ERROR_STORAGE.
 */
gboolean vms_restore(RegistryVms *vms, const WireUuid *uuid, const RegistryRestored *restored,
                     const RegistryAuthor *by, GError **error);

/**
 * vms_accept: the last break of its history, where there was one that nobody accepted yet and the
 * VM went on; else its next one.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE.
 */
gboolean vms_accept(RegistryVms *vms, const WireUuid *uuid, const RegistryAuthor *by,
                    GError **error);

/**
 * vms_advance:
 * @stores: of permanent state in this life
 *
 * Sets the generation to base + @stores. Touches the disk once in some thousand generations.
 *
 * Errors: REGISTRY_ERROR_CONFLICT where that goes back, REGISTRY_ERROR_JUMP where it is more than
 * a vTPM can have stored since it was seen last, REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE.
 */
gboolean vms_advance(RegistryVms *vms, const WireUuid *uuid, uint64_t stores, GError **error);

#endif
