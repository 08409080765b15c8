/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the registry keeps of a VM and of a group. */
#ifndef VTPM_MANAGER_REGISTRY_RECORD_H
#define VTPM_MANAGER_REGISTRY_RECORD_H

#include <glib.h>
#include <sys/types.h>

#include "registry/approval.h"
#include "registry/continuity.h"
#include "registry/rule.h"
#include "wire/manager.h"

enum {
    REGISTRY_NAME_MAX = 255,
    REGISTRY_WEIGHT_MAX = 100,
    REGISTRY_SEED_SIZE = 32,    /* of a key that the host's TPM makes */
    REGISTRY_WRAPPED_SIZE = 60, /* a key of 32 bytes, with nonce and tag */
};

/** The group that a VM is in unless it was put into another; it is always there. */
#define REGISTRY_GROUP_DEFAULT "default"

/** Where the rule knows a VM by something else than its vTPM's user. */
#define REGISTRY_NO_OWNER ((uid_t)-1)

/** VMs that have the same share of the host's TPM each. */
typedef struct RegistryGroup {
    char *name;
    guint weight;  /* 1 to REGISTRY_WEIGHT_MAX */
    guint members; /* registered VMs */
    gboolean has_seed;
    uint8_t seed[REGISTRY_SEED_SIZE]; /* of the key that its members' keys are wrapped with */
    RegistryApproval *approval;       /* NULL: it has no approval key */
} RegistryGroup;

/** The state of a VM's vTPM, as far as it was announced. */
typedef struct RegistryState {
    gboolean known;                        /* %FALSE: nothing was, and the rest means nothing */
    uint8_t stored[MANAGER_STATE_SIZE];    /* surely stored */
    uint8_t announced[MANAGER_STATE_SIZE]; /* perhaps stored since; the same where none was */
    gboolean suspended;                    /* %FALSE: @saved means nothing */
    uint8_t saved[MANAGER_STATE_SIZE];     /* @stored with a volatile state, to be resumed from */
} RegistryState;

/** The key of the files that the state of a VM's vTPM is kept in, as seal/keys.h has it. */
typedef struct RegistryKey {
    gboolean sealed; /* the files are to be encrypted */
    gboolean made;   /* FALSE: there is no key yet, and the rest means nothing */
    uint8_t seed[REGISTRY_SEED_SIZE];
    uint8_t wrapped[REGISTRY_WRAPPED_SIZE];
} RegistryKey;

typedef struct RegistryVm {
    WireUuid uuid;
    char *name; /* for people; may be empty */
    const RegistryGroup *group;
    RegistryRule rule;
    uid_t owner;         /* of its vTPM's process; REGISTRY_NO_OWNER by the rule "unit" */
    gboolean registered; /* FALSE: a tombstone */
    gboolean enabled;
    uint8_t ek[WIRE_NAME_MAX];
    gsize ek_len; /* 0: not pinned yet */
    gboolean has_instance;
    uint8_t instance[MANAGER_INSTANCE_SIZE];
    uint8_t lineage[DEEPQUOTE_LINEAGE_SIZE];
    uint64_t epoch;
    uint64_t base;       /* generation at which the life of this instance started */
    uint64_t generation; /* the last one reported to a verifier, where @exact */
    gboolean exact;      /* FALSE after a crash: it lies between @generation and @ceiling */
    uint64_t ceiling;    /* stored: no generation above it has been reported */
    RegistryContinuity continuity;
    RegistryState state;
    RegistryKey key;
    int64_t broken;   /* when its history broke last, unless that was accepted since */
    int64_t accepted; /* when the next break was accepted ahead; 0: it was not */
    int64_t refused;  /* when it did not start for a break; 0: not since the manager started */
    uint32_t rivals;  /* other vTPMs that were refused beside its own; since the manager started */
    int64_t rival;    /* when the last one was; 0: none */
    int64_t noted;    /* when the audit log was told of one */
    int64_t created;  /* seconds since 1970; 0: never */
    int64_t seen;
    int64_t removed;
} RegistryVm;

#endif
