/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry's SQLite file. A change is on the disk when its function returns. Any thread may
 * make one; it waits for those of others.
 */
#ifndef VTPM_MANAGER_REGISTRY_STORE_H
#define VTPM_MANAGER_REGISTRY_STORE_H

#include "registry/audit.h"
#include "registry/record.h"

RegistryStore *registry_store_open(const char *path, GError **error);
void registry_store_close(RegistryStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RegistryStore, registry_store_close)

/** registry_store_file: the file it is in. */
RegistryFile *registry_store_file(const RegistryStore *store);

/** registry_store_make_room: for many changes one after the other, which would be slower without.
 */
void registry_store_make_room(RegistryStore *store);

/** What kinds of rows a change was of. */
typedef enum RegistryChanges {
    REGISTRY_CHANGED_VMS = 1 << 0,    /* VMs and groups */
    REGISTRY_CHANGED_STATES = 1 << 1, /* what can be late: states, and signatures of the log */
} RegistryChanges;

/** RegistryWatch: in the thread that made a change, which is on the disk. */
typedef void (*RegistryWatch)(RegistryChanges changes, void *data);

/** registry_store_watch: has @watch called for each change from now on; %NULL: nobody. */
void registry_store_watch(RegistryStore *store, RegistryWatch watch, void *data);

/** What registry_store_load() calls for each row: first for all groups, then for all VMs. */
typedef struct RegistryStoreReader {
    void (*group)(const RegistryGroup *group, void *data);
    /* Takes @vm over and returns %TRUE, or returns %FALSE because there is no such group. */
    gboolean (*vm)(RegistryVm *vm, const char *group, void *data);
    void *data;
} RegistryStoreReader;

gboolean registry_store_load(RegistryStore *store, const RegistryStoreReader *reader,
                             GError **error);

/** What of a VM is stored beside the row that has the rest of it. */
typedef enum RegistryParts {
    REGISTRY_PART_STATE = 1 << 0,
    REGISTRY_PART_KEY = 1 << 1, /* of one that is sealed */
} RegistryParts;

/**
 * registry_store_put: adds @vm, or replaces its row, with @note; nothing has changed if it returns
 * %FALSE.
 * @parts: of RegistryParts: what is stored with it; the others are left
 */
gboolean registry_store_put(RegistryStore *store, const RegistryVm *vm, guint parts,
                            const RegistryNote *note, GError **error);

/** registry_store_note: adds @note to the audit log, and changes nothing else. */
gboolean registry_store_note(RegistryStore *store, const RegistryNote *note, GError **error);

/** The state of one VM. */
typedef struct RegistryVmState {
    WireUuid uuid;
    RegistryState state; /* known */
} RegistryVmState;

/** registry_store_put_states: all of @states (element-type RegistryVmState), or none. */
gboolean registry_store_put_states(RegistryStore *store, GPtrArray *states, GError **error);

/** registry_store_put_all: all of @vms (element-type RegistryVm), or none if it returns %FALSE. */
gboolean registry_store_put_all(RegistryStore *store, GPtrArray *vms, GError **error);

#endif
