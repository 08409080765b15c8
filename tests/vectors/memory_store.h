/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store in memory, for vectors and tests: what stands behind DqStoreOps may be anything. */
#ifndef TESTS_VECTORS_MEMORY_STORE_H
#define TESTS_VECTORS_MEMORY_STORE_H

#include "attest/store.h"

typedef struct MemoryChallenge {
    uint8_t challenge[DQ_NONCE_MAX];
    gsize len;
    int64_t expires;
    gboolean used;
    gboolean bound; /* to @uuid */
    uint8_t uuid[DQ_UUID_SIZE];
} MemoryChallenge;

typedef struct MemoryStore {
    GMutex lock;        /* of what follows; tests may look at it while nobody else is at work */
    GArray *hosts;      /* DqStoreHost */
    GArray *vms;        /* DqStoreVm */
    GArray *challenges; /* MemoryChallenge */
    int64_t revision;   /* the last one given */
    guint records;      /* how often something was recorded */
    gboolean fails;     /* every operation */
    /* Called before something is recorded, as if another program came first; or NULL. */
    void (*meanwhile)(struct MemoryStore *store);
} MemoryStore;

MemoryStore *memory_store_new(void);
void memory_store_free(MemoryStore *store);

/** memory_store_get: (transfer full): lives no longer than @store. */
DqStore *memory_store_get(MemoryStore *store);

/** memory_store_add_host, memory_store_add_vm, memory_store_add_challenge: copies. */
void memory_store_add_host(MemoryStore *store, const DqStoreHost *host);
void memory_store_add_vm(MemoryStore *store, const DqStoreVm *vm);
void memory_store_add_challenge(MemoryStore *store, const MemoryChallenge *challenge);

/** memory_store_issue: a challenge that never expires. */
void memory_store_issue(MemoryStore *store, DqBytes challenge);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MemoryStore, memory_store_free)

#endif
