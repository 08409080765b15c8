/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the host's TPM sign the audit log's last entry, which stands for all before it: when somebody
 * asks, and by itself within a minute of a change but not too often. It is a leaf of a batch like
 * any.
 */
#ifndef VTPM_MANAGER_QUOTE_AUDIT_SIGNER_H
#define VTPM_MANAGER_QUOTE_AUDIT_SIGNER_H

#include "quote/quoter.h"
#include "registry/store.h"

typedef struct AuditSigner AuditSigner;

/** AuditSignerDone: @error: %NULL: the last entry, if there is one, is signed and that is kept. */
typedef void (*AuditSignerDone)(void *data, const GError *error);

/**
 * audit_signer_new:
 * @store, @quoter: borrowed, outlive the signer
 * @interval_s: between signatures that nobody asks for, at least; 1 or more
 */
AuditSigner *audit_signer_new(RegistryStore *store, Quoter *quoter, GMainContext *context,
                              guint interval_s);

/** audit_signer_free: who waits is not answered. */
void audit_signer_free(AuditSigner *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AuditSigner, audit_signer_free)

/** audit_signer_ask: calls @done, now or later. */
void audit_signer_ask(AuditSigner *signer, AuditSignerDone done, void *data);

#endif
