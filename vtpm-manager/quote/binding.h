/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the manager vouches for in one request: the binding. Decisions only; no I/O. */
#ifndef VTPM_MANAGER_QUOTE_BINDING_H
#define VTPM_MANAGER_QUOTE_BINDING_H

#include "registry/record.h"
#include "wire/audit.h"

/** A binding as it is hashed and sent. */
typedef struct Binding {
    uint8_t bytes[DEEPQUOTE_BINDING_MAX];
    gsize len;
    uint8_t leaf[DEEPQUOTE_HASH_SIZE];
} Binding;

/** What is bound where a request asks for it; DEEPQUOTE_HASH_SIZE bytes each, or %NULL. */
typedef struct BindingDigests {
    const uint8_t *measurement;
    const uint8_t *launch;
} BindingDigests;

/**
 * binding_make:
 * @vm: who asks; with the epoch and the generation that the binding is to have
 * @request: decoded; the nonce is taken from the extraData of its quote
 * @digests: those that its flags ask for
 *
 * Returns: MANAGER_REASON_NONE; MANAGER_REASON_NOT_A_QUOTE where `quoted` is not a TPM's own quote
 * or has no nonce.
 */
ManagerReason binding_make(const RegistryVm *vm, const ManagerQuote *request,
                           const BindingDigests *digests, Binding *ret);

/** binding_of_audit_head: has the audit log's last entry signed like a binding, for which it cannot
 * be taken. @head: of an entry */
void binding_of_audit_head(const AuditHead *head, Binding *ret);

/** binding_flags_provided: whether all that @flags ask for can be bound for @vm. */
gboolean binding_flags_provided(const RegistryVm *vm, uint32_t flags);

#endif
