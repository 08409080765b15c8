/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a policy holds, and the questions that verification asks it. */
#ifndef ATTEST_POLICY_H
#define ATTEST_POLICY_H

#include "attest/deepquote.h"
#include "attest/pcr.h"
#include "wire/hash.h"
#include "wire/parts.h"
#include "wire/uuid.h"

/** A VM that is allowed. */
typedef struct DqPolicyVm {
    WireUuid uuid;
    DqKey *ak;       /* its signing key, or NULL */
    GBytes *ak_name; /* the Name that the signing key must have, or NULL */
    GBytes *ek_name; /* the Name that the EK must have, or NULL */
} DqPolicyVm;

/** A lineage that a VM may come to have. */
typedef struct DqPolicyLineage {
    WireUuid uuid;
    gboolean any;
    uint8_t lineage[DQ_LINEAGE_SIZE]; /* where not @any */
} DqPolicyLineage;

/** A PCR and the values that it may have, all of its bank's size. */
typedef struct DqPolicyPcr {
    const WireHash *bank;
    unsigned pcr;
    GByteArray *values; /* one after the other */
} DqPolicyPcr;

/** Parts of what a VM is started with, and the digests that they may have. */
typedef struct DqPolicyPart {
    WirePartKind kind;
    char *name;          /* NULL: all of the kind */
    gboolean may_miss;   /* there need be none */
    GByteArray *digests; /* one after the other */
} DqPolicyPart;

/** The optional digests of a binding that a policy can hold reference values for. */
typedef enum DqPolicyDigest {
    DQ_POLICY_MEASUREMENT,
    DQ_POLICY_GROUP_INFO,
    DQ_POLICY_GROUP_KEY,
    DQ_POLICY_LAUNCH,
    DQ_POLICY_DIGESTS,
} DqPolicyDigest;

struct DqPolicy {
    gint refs;
    GHashTable *keys;      /* char -> DqKey: of key files, by their paths as the text has them */
    GPtrArray *host_keys;  /* DqKey */
    GPtrArray *host_names; /* GBytes: Names that are enrolled, those of @host_keys included */
    gboolean any_vm;
    gboolean allow_sha1;       /* the SHA-1 bank alone may vouch for a PCR */
    gboolean require_vtpm_ek;  /* a certificate of the vTPM's endorsement key has to come */
    DqUrgency urgency;         /* from which on a vulnerability that has been fixed refuses */
    gboolean allow_tpm12;      /* a TPM 1.2 may vouch for a VM, with SHA-1 */
    gboolean any_may_move;     /* between hosts */
    gboolean any_host_vouched; /* a quote that no key signed is as good as one that a key did */
    GPtrArray *allowed_keys;   /* GBytes: Names of vTPMs' keys that need not be restricted */
    GHashTable *movers;        /* uuid: VMs that may move between hosts */
    GHashTable *host_vouched;  /* uuid: VMs whose quotes no key has to sign */
    GHashTable *vms;           /* uuid -> DqPolicyVm */
    GArray *lineages;          /* DqPolicyLineage */
    GArray *denied_firmware;   /* uint64_t: versions that a host's TPM must not have */
    GArray *host_pcrs;         /* DqPolicyPcr */
    GArray *vtpm_pcrs;         /* DqPolicyPcr */
    GArray *launch_parts;      /* DqPolicyPart */
    GByteArray *digests[DQ_POLICY_DIGESTS]; /* DQ_HASH_SIZE bytes each; empty: nothing expected */
};

DqPolicy *dq_policy_new(void);

/** dq_policy_add_pcr: one more value that the PCR may have; @value is of its bank's size. */
void dq_policy_add_pcr(GArray *pcrs, const WireHash *bank, unsigned pcr, DqBytes value);

/** dq_policy_add_vm: the entry of @uuid, new where there was none. */
DqPolicyVm *dq_policy_add_vm(DqPolicy *policy, const WireUuid *uuid);

/** dq_policy_find_vm: NULL where the VM is not listed. */
const DqPolicyVm *dq_policy_find_vm(const DqPolicy *policy, const WireUuid *uuid);

/** dq_policy_restricts_vms: whether the policy says anything about which VMs are allowed. */
gboolean dq_policy_restricts_vms(const DqPolicy *policy);

/** dq_policy_has_host: whether a host key's Name is enrolled. */
gboolean dq_policy_has_host(const DqPolicy *policy, DqBytes name);

/** dq_policy_allows_key: whether a vTPM may sign with a key of this Name that is not restricted. */
gboolean dq_policy_allows_key(const DqPolicy *policy, DqBytes name);

/** dq_policy_allows_move: whether the VM may be found on another host than before. */
gboolean dq_policy_allows_move(const DqPolicy *policy, const WireUuid *uuid);

/** dq_policy_allows_host_vouched: whether the host alone may vouch for the VM's PCRs. */
gboolean dq_policy_allows_host_vouched(const DqPolicy *policy, const WireUuid *uuid);

/** dq_policy_allows_lineage: whether the VM may be found with another lineage, this one. */
gboolean dq_policy_allows_lineage(const DqPolicy *policy, const WireUuid *uuid,
                                  const uint8_t lineage[DQ_LINEAGE_SIZE]);

/** dq_policy_denies_firmware: whether a host's TPM must not have this version. */
gboolean dq_policy_denies_firmware(const DqPolicy *policy, uint64_t version);

/**
 * dq_policy_find_sha1_alone: the first PCR of @pcrs that has values of the SHA-1 bank and of no
 * other; NULL where there is none, or the policy allows it.
 */
const DqPolicyPcr *dq_policy_find_sha1_alone(const DqPolicy *policy, const GArray *pcrs);

/**
 * dq_policy_find_uncovered: the first PCR of @pcrs that @selection does not select; NULL where
 * it selects all.
 */
const DqPolicyPcr *dq_policy_find_uncovered(const GArray *pcrs, const WirePcrSelection *selection);

/**
 * dq_policy_find_wrong_pcr: the first PCR of @pcrs without a value, or with one that is not
 * allowed; NULL where all are right.
 * @values: of the PCRs that @selection selects
 */
const DqPolicyPcr *dq_policy_find_wrong_pcr(const GArray *pcrs, const WirePcrSelection *selection,
                                            const WireBytes *values);

/** dq_policy_digest_allowed: whether nothing is expected, or @value is among what is. */
gboolean dq_policy_digest_allowed(const DqPolicy *policy, DqPolicyDigest which, WireBytes value);

/** dq_policy_add_part: the entry of @kind and @name (nullable), new where there was none. */
DqPolicyPart *dq_policy_add_part(DqPolicy *policy, WirePartKind kind, const char *name);

/**
 * dq_policy_find_wrong_part: the first entry that @parts do not satisfy: one of them has another
 * digest, or there is none and there has to be; NULL where they satisfy all.
 */
const DqPolicyPart *dq_policy_find_wrong_part(const DqPolicy *policy, WireParts parts);

#endif
