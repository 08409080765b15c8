/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the registry's file says of the counter in the host's TPM that it goes with. */
#ifndef VTPM_MANAGER_REGISTRY_ANCHOR_H
#define VTPM_MANAGER_REGISTRY_ANCHOR_H

#include "registry/store.h"

enum {
    REGISTRY_KEY_SIZE = 32,
};

typedef struct RegistryAnchor {
    uint8_t seed[REGISTRY_SEED_SIZE]; /* of the key, which the TPM alone makes of it */
    uint64_t value; /* the counter's, or the one that it is about to have; 0: none is made yet */
    double used;    /* of what moves the counter: as in a TokenBucket */
    int64_t then;
} RegistryAnchor;

/** registry_anchor_get: %FALSE: the file has none. */
gboolean registry_anchor_get(const RegistryStore *store, RegistryAnchor *ret);

/**
 * registry_anchor_check: holds what the file held when it was opened against what it says of
 * itself, by the key. Changes are possible before that only where it has no anchor.
 *
 * Errors: REGISTRY_ERROR_FORGED: the file was changed by something that does not have the key;
 * REGISTRY_ERROR_STORAGE.
 */
gboolean registry_anchor_check(RegistryStore *store, const uint8_t key[REGISTRY_KEY_SIZE],
                               GError **error);

/**
 * registry_anchor_begin: what the file holds now is right from now on.
 *
 * Errors: REGISTRY_ERROR_STORAGE, and nothing has changed.
 */
gboolean registry_anchor_begin(RegistryStore *store, const uint8_t key[REGISTRY_KEY_SIZE],
                               const RegistryAnchor *anchor, GError **error);

/**
 * registry_anchor_accept: the same, for a registry of which nobody knows whether it is the last
 * one: each VM gets a new lineage with it. Then registry_reload().
 */
gboolean registry_anchor_accept(RegistryStore *store, const uint8_t key[REGISTRY_KEY_SIZE],
                                const RegistryAnchor *anchor, const RegistryAuthor *by,
                                GError **error);

/** registry_anchor_set: the same seed, and other values. Errors: REGISTRY_ERROR_STORAGE. */
gboolean registry_anchor_set(RegistryStore *store, const RegistryAnchor *anchor, GError **error);

#endif
