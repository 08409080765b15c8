/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log: who changed what of the registry, when and why. An entry is stored by the
 * transaction that makes the change, and has the hash of the one before it; none is ever removed.
 */
#ifndef VTPM_MANAGER_REGISTRY_AUDIT_H
#define VTPM_MANAGER_REGISTRY_AUDIT_H

#include <glib.h>

#include "registry/record.h"
#include "wire/audit.h"

typedef struct RegistryFile RegistryFile;
typedef struct RegistryStore RegistryStore;

/** Who asks for a change. Where it is %NULL, nobody does: the manager makes it by itself. */
typedef struct RegistryAuthor {
    int64_t uid;
    const char *why; /* NULL: no reason was given */
} RegistryAuthor;

/** An entry that is to be made. */
typedef struct RegistryNote {
    const RegistryAuthor *by;
    const char *subject;
    const char *what; /* NULL: there is nothing to note */
} RegistryNote;

/** registry_audit_add: within a transaction. Texts that are too long are cut. */
gboolean registry_audit_add(RegistryFile *file, const RegistryNote *note, GError **error);

/** registry_audit_describe: (transfer full): what differs, in words; %NULL: nothing that counts.
 * @before: %NULL where the VM is new */
char *registry_audit_describe(const RegistryVm *before, const RegistryVm *now);

/** RegistryAuditReader: one entry with its own hash, borrowed. */
typedef void (*RegistryAuditReader)(const AuditEntry *entry, const uint8_t *hash, void *data);

/**
 * registry_audit_read: at most @count entries with numbers above @after, in order.
 *
 * Errors: REGISTRY_ERROR_STORAGE.
 */
gboolean registry_audit_read(RegistryStore *store, uint64_t after, guint count,
                             RegistryAuditReader reader, void *data, GError **error);

#endif
