/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last entry of the audit log, and what the host's TPM has signed of those that were. */
#ifndef VTPM_MANAGER_REGISTRY_AUDIT_HEAD_H
#define VTPM_MANAGER_REGISTRY_AUDIT_HEAD_H

#include "registry/audit.h"

enum {
    /** Signatures that are kept, the newest: each is of all entries up to its own. */
    REGISTRY_AUDIT_HEADS = 1000,
};

/**
 * registry_audit_head: the last entry, with the present time.
 * @ret_signed: whether there is a signature of it
 *
 * Returns: %FALSE with @error unset where there is no entry. Errors: REGISTRY_ERROR_STORAGE.
 */
gboolean registry_audit_head(RegistryStore *store, AuditHead *ret, gboolean *ret_signed,
                             GError **error);

/** registry_audit_keep: @evidence of @head, unless there is some. Errors: REGISTRY_ERROR_STORAGE.
 */
gboolean registry_audit_keep(RegistryStore *store, const AuditHead *head, WireBytes evidence,
                             GError **error);

/** RegistryHeadReader: evidence for the entry @number, borrowed. */
typedef void (*RegistryHeadReader)(uint64_t number, WireBytes evidence, void *data);

/**
 * registry_audit_heads_read: at most @count of them for numbers above @after, in order.
 *
 * Errors: REGISTRY_ERROR_STORAGE.
 */
gboolean registry_audit_heads_read(RegistryStore *store, uint64_t after, guint count,
                                   RegistryHeadReader reader, void *data, GError **error);

#endif
