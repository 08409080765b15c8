/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verifier trusts and remembers; verify.c has the checks. */
#ifndef ATTEST_VERIFIER_H
#define ATTEST_VERIFIER_H

#include "attest/deepquote.h"
#include "attest/store.h"

/** Host signatures that were good: slots found by the first bytes of what stands in them. */
#define DQ_CACHE_SLOTS 1024

typedef struct DqCacheSlot {
    gboolean used;
    uint8_t digest[DQ_HASH_SIZE];
} DqCacheSlot;

struct DqVerifier {
    GHashTable *accepted;     /* GBytes Name: hosts that are accepted besides store and policy */
    GHashTable *allowed_keys; /* GBytes Name: of vTPMs, restricted or not */
    gboolean allow_simulated;
    gboolean allow_host_vouched;
    gboolean keep_answers; /* of the store, in verdicts */
    int64_t time;          /* that counts as now; 0: the clock's */
    DqPolicy *policy;      /* or NULL */
    DqStore *store;        /* or NULL */
    GMutex lock;           /* of what follows */
    GHashTable *host_keys; /* GBytes Name -> DqKey: those whose public areas are known */
    DqCacheSlot cache[DQ_CACHE_SLOTS];
};

/**
 * dq_verifier_find_host_key: (transfer full): NULL where no public area with this Name is known.
 * @record: (nullable): the store's, which has one
 */
DqKey *dq_verifier_find_host_key(DqVerifier *verifier, DqBytes name, const DqStoreHost *record);

/** dq_verifier_accepts_host: whether the Name was given, here or by the policy. */
gboolean dq_verifier_accepts_host(const DqVerifier *verifier, DqBytes name);

/** dq_verifier_allows_key: whether a vTPM may sign with it although it is not restricted. */
gboolean dq_verifier_allows_key(const DqVerifier *verifier, DqBytes name);

/** dq_verifier_now: seconds since 1970. */
int64_t dq_verifier_now(const DqVerifier *verifier);

/**
 * dq_verifier_recall, dq_verifier_remember: whether the host signature identified by @digest was
 * good before; that it was. @digest covers the attest, the signature and the key's Name.
 */
gboolean dq_verifier_recall(DqVerifier *verifier, const uint8_t digest[DQ_HASH_SIZE]);
void dq_verifier_remember(DqVerifier *verifier, const uint8_t digest[DQ_HASH_SIZE]);

#endif
