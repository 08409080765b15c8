/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ties the registry to a counter in the host's TPM, so that no older one can be put in its place.
 *
 * The registry names the value that the counter has or is about to have, under a keyed hash of all
 * that it holds; only then is counted. So the counter is at that value or, after a crash between
 * the two, one below it. A registry that names less is an older one.
 *
 * Until it is settled the functions are for the worker's thread, with no other that uses the
 * registry; from then on for the main context's. Spec: docs/decisions/registry-anchor.md.
 */
#ifndef VTPM_MANAGER_STATE_ANCHOR_H
#define VTPM_MANAGER_STATE_ANCHOR_H

#include "registry/anchor.h"
#include "tpm/host.h"

typedef struct Anchor Anchor;

typedef enum AnchorState {
    ANCHOR_NONE, /* this TPM has no counter for it: nothing is known of the registry's age */
    ANCHOR_HELD, /* the registry is not the one that the counter goes with: nothing may use it */
    ANCHOR_KEPT,
    ANCHOR_STATES,
} AnchorState;

/** anchor_state_name: "none", "held" or "kept". */
const char *anchor_state_name(AnchorState state);

/** anchor_new: @store and @host are borrowed, and outlive it. @index: in NV memory. */
Anchor *anchor_new(RegistryStore *store, TpmHost *host, TPM2_HANDLE index);
void anchor_free(Anchor *anchor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Anchor, anchor_free)

/**
 * anchor_check: holds the registry against the counter, or makes one for a registry that has none,
 * and counts.
 *
 * Errors: of tpm_run() and of the registry, where neither can be told.
 */
gboolean anchor_check(Anchor *anchor, TpmSession *tpm, GError **error);

/**
 * anchor_accept: takes the registry as it is, with a new counter and a new lineage for each VM: for
 * ANCHOR_HELD. Then registry_reload().
 *
 * Errors: as those of anchor_check(); nothing is lost, and it may be tried again.
 */
gboolean anchor_accept(Anchor *anchor, TpmSession *tpm, const RegistryAuthor *by, GError **error);

/**
 * anchor_derive_key: on the worker's thread: the key of a registry that has @row.
 * @ret_key: wipe it
 *
 * Errors: of tpm_host_derive_keys().
 */
gboolean anchor_derive_key(TpmHost *host, TpmSession *tpm, const RegistryAnchor *row,
                           uint8_t ret_key[REGISTRY_KEY_SIZE], GError **error);

/** anchor_settle: the registry is in use from now on, and @worker has the TPM. */
void anchor_settle(Anchor *anchor, TpmWorker *worker);

/** anchor_stop: counts once more, if anything has changed; wait for the worker. */
void anchor_stop(Anchor *anchor);

AnchorState anchor_state(const Anchor *anchor);

/** anchor_why: of ANCHOR_NONE and ANCHOR_HELD, what it is and what to do; else %NULL. */
const char *anchor_why(const Anchor *anchor);

/** anchor_value, anchor_moved: of ANCHOR_KEPT: the counter's, and seconds since 1970. */
uint64_t anchor_value(const Anchor *anchor);
int64_t anchor_moved(const Anchor *anchor);

#endif
