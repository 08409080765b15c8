/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMs that this host knows: an SQLite file, and the same in memory.
 *
 * Everything is looked up in memory. A change is stored first and then made in memory, so that
 * what could not be stored never happened. A row stays when its VM is unregistered: epoch and
 * generation of a UUID never go back.
 *
 * A quote must not wait for the disk, so a row stores a ceiling of generations ahead of use. After
 * a crash the next life of that VM starts at the ceiling: generations may skip, never repeat.
 */
#ifndef VTPM_MANAGER_REGISTRY_REGISTRY_H
#define VTPM_MANAGER_REGISTRY_REGISTRY_H

#include <glib.h>
#include <sys/types.h>

#include "wire/manager.h"

#define REGISTRY_ERROR (registry_error_quark())
GQuark registry_error_quark(void);

typedef enum RegistryError {
    REGISTRY_ERROR_STORAGE, /* the file cannot be read or written; nothing has changed */
    REGISTRY_ERROR_EXISTS,
    REGISTRY_ERROR_UNKNOWN,  /* no such VM or group */
    REGISTRY_ERROR_CONFLICT, /* what the VM says contradicts what is known of it */
} RegistryError;

enum {
    REGISTRY_NAME_MAX = 255,
    REGISTRY_WEIGHT_MAX = 100,
};

/** The group that a VM is in unless it was put into another; it is always there. */
#define REGISTRY_GROUP_DEFAULT "default"

/** VMs that have the same share of the host's TPM each. */
typedef struct RegistryGroup {
    char *name;
    guint weight;  /* 1 to REGISTRY_WEIGHT_MAX */
    guint members; /* registered VMs */
} RegistryGroup;

typedef struct RegistryVm {
    uint8_t uuid[DEEPQUOTE_UUID_SIZE];
    char *name; /* for people; may be empty */
    const RegistryGroup *group;
    uid_t owner;
    gboolean registered; /* FALSE: a tombstone */
    gboolean enabled;
    uint8_t ek[WIRE_NAME_MAX];
    gsize ek_len;   /* 0: not pinned yet */
    gboolean begun; /* @instance is set */
    uint8_t instance[MANAGER_INSTANCE_SIZE];
    uint64_t epoch;
    uint64_t base;       /* generation at which this instance began */
    uint64_t generation; /* the last one told to a verifier, where @exact */
    gboolean exact;      /* FALSE after a crash: it lies between @generation and @ceiling */
    uint64_t ceiling;    /* stored: no generation above it has been told */
    gint64 created;      /* seconds since 1970; 0: never */
    gint64 seen;
    gint64 removed;
} RegistryVm;

typedef struct Registry Registry;

/**
 * registry_open:
 * @path: made where it is missing
 *
 * Errors: REGISTRY_ERROR_STORAGE, also for a file that a newer version made.
 */
Registry *registry_open(const char *path, GError **error);

/** registry_close: stores what was only in memory. */
void registry_close(Registry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Registry, registry_close)

/** registry_find: the registered VM, borrowed until the next change; else %NULL. */
const RegistryVm *registry_find(Registry *registry, const uint8_t *uuid);

/** registry_list: (transfer container) (element-type RegistryVm): registered VMs by UUID. */
GPtrArray *registry_list(Registry *registry);

/**
 * registry_register:
 * @name: %NULL: none
 * @group: %NULL: REGISTRY_GROUP_DEFAULT
 * @ek: may be empty
 *
 * Errors: REGISTRY_ERROR_EXISTS, REGISTRY_ERROR_UNKNOWN (no such group), REGISTRY_ERROR_STORAGE.
 */
gboolean registry_register(Registry *registry, const uint8_t *uuid, uid_t owner, const char *name,
                           const char *group, WireBytes ek, GError **error);

/** registry_unregister, registry_enable. Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE. */
gboolean registry_unregister(Registry *registry, const uint8_t *uuid, GError **error);
gboolean registry_enable(Registry *registry, const uint8_t *uuid, gboolean enabled, GError **error);

/**
 * registry_group_set: makes a group, or changes its weight.
 * @name: 1 to REGISTRY_NAME_MAX bytes
 * @weight: 1 to REGISTRY_WEIGHT_MAX
 *
 * Errors: REGISTRY_ERROR_CONFLICT for another name or weight, REGISTRY_ERROR_STORAGE.
 */
gboolean registry_group_set(Registry *registry, const char *name, guint weight, GError **error);

/**
 * registry_group_remove: a group that has no members.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_CONFLICT where it has members or is the default,
 * REGISTRY_ERROR_STORAGE.
 */
gboolean registry_group_remove(Registry *registry, const char *name, GError **error);

/** registry_groups: (transfer container) (element-type RegistryGroup): by name. */
GPtrArray *registry_groups(Registry *registry);

/** registry_group: borrowed until it is removed. Errors: REGISTRY_ERROR_UNKNOWN. */
const RegistryGroup *registry_group(Registry *registry, const char *name, GError **error);

/** registry_move: into @group. Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE. */
gboolean registry_move(Registry *registry, const uint8_t *uuid, const char *group, GError **error);

/**
 * registry_begin: a vTPM says hello. A new @instance begins an epoch, stored durably before this
 * returns; the present one changes nothing.
 *
 * Errors: REGISTRY_ERROR_UNKNOWN, REGISTRY_ERROR_STORAGE.
 */
gboolean registry_begin(Registry *registry, const uint8_t *uuid, const uint8_t *instance,
                        GError **error);

/** registry_pin_ek: stores the first EK Name that the VM has. Does nothing for the same again. */
gboolean registry_pin_ek(Registry *registry, const uint8_t *uuid, WireBytes ek, GError **error);

/**
 * registry_advance:
 * @commits: states committed since the instance began
 *
 * Sets the generation to base + @commits. Touches the disk once in some thousand generations.
 *
 * Errors: REGISTRY_ERROR_CONFLICT where that goes back, REGISTRY_ERROR_UNKNOWN,
 * REGISTRY_ERROR_STORAGE.
 */
gboolean registry_advance(Registry *registry, const uint8_t *uuid, uint64_t commits,
                          GError **error);

#endif
