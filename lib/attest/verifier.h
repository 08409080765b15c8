/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verifier trusts and remembers; verify.c has the checks. */
#ifndef ATTEST_VERIFIER_H
#define ATTEST_VERIFIER_H

#include "attest/deepquote.h"

/** Host signatures that were good: slots found by the first bytes of what stands in them. */
#define DQ_CACHE_SLOTS 1024

typedef struct DqCacheSlot {
    gboolean used;
    guint8 digest[DQ_HASH_SIZE];
} DqCacheSlot;

struct DqVerifier {
    GHashTable *host_keys; /* GBytes Name -> DqKey: those whose public areas are known */
    GHashTable *enrolled;  /* GBytes Name: those that are trusted besides the policy's */
    DqPolicy *policy;      /* or NULL */
    DqState *state;        /* or NULL */
    GMutex cache_lock;
    DqCacheSlot cache[DQ_CACHE_SLOTS];
};

/** dq_verifier_find_host_key: NULL where no public area with this Name is known. Borrowed. */
DqKey *dq_verifier_find_host_key(const DqVerifier *verifier, DqBytes name);

/** dq_verifier_trusts_host: whether the Name is enrolled, here or by the policy. */
gboolean dq_verifier_trusts_host(const DqVerifier *verifier, DqBytes name);

/**
 * dq_verifier_recall, dq_verifier_remember: whether the host signature identified by @digest was
 * good before; that it was. @digest covers the attest, the signature and the key's Name.
 */
gboolean dq_verifier_recall(DqVerifier *verifier, const guint8 digest[DQ_HASH_SIZE]);
void dq_verifier_remember(DqVerifier *verifier, const guint8 digest[DQ_HASH_SIZE]);

#endif
