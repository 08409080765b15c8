/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sees each row that changes in the registry's file, whoever changes it, and keeps the one row of
 * the table anchor true to all others.
 */
#ifndef VTPM_MANAGER_REGISTRY_GUARD_H
#define VTPM_MANAGER_REGISTRY_GUARD_H

#include "registry/anchor.h"
#include "registry/root.h"

/** The one table that is not part of the root, and those of REGISTRY_CHANGED_STATES. */
#define GUARD_TABLE "anchor"
#define GUARD_STATES_TABLE "vm_state"
#define GUARD_SAVED_TABLE "vm_saved"
#define GUARD_HEADS_TABLE "audit_head"

typedef struct Guard Guard;

/** guard_new: for the connection @sqlite, borrowed. */
Guard *guard_new(sqlite3 *sqlite);
void guard_free(Guard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guard, guard_free)

/** guard_load: notes the anchor that the file has; %FALSE where it cannot be read. */
gboolean guard_load(Guard *guard);

/** guard_anchor: %NULL: there is none. */
const RegistryAnchor *guard_anchor(const Guard *guard);

/** guard_take_key: from now on @key is that of all that the tables hold. An SQLite code. */
int guard_take_key(Guard *guard, const uint8_t key[ROOT_HASH_SIZE]);

/**
 * guard_check: whether the anchor that the file had when it was loaded is that of what its tables
 * hold: SQLITE_OK; SQLITE_AUTH: it is not; another SQLite code.
 */
int guard_check(const Guard *guard);

/** guard_drop_key: what guard_take_key() did. */
void guard_drop_key(Guard *guard);

/** guard_set: in a transaction: the anchor from now on. */
void guard_set(Guard *guard, const RegistryAnchor *anchor);

/**
 * guard_seal: in a transaction, before its end: writes the anchor, where there is one, and rows
 * changed.
 *
 * Returns: an SQLite code; SQLITE_LOCKED: the key is not known yet.
 */
int guard_seal(Guard *guard);

/** guard_keep, guard_undo: the transaction is on the disk, or was rolled back. What it changed. */
RegistryChanges guard_keep(Guard *guard);
void guard_undo(Guard *guard);

#endif
