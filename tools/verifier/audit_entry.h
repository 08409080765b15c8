/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One entry of a journal: whether it is as it was written, and its verdict the one it leads to. */
#ifndef VERIFIER_AUDIT_ENTRY_H
#define VERIFIER_AUDIT_ENTRY_H

#include "store/chain.h"
#include "store/store-file.h"

#include <json-glib/json-glib.h>

/** AuditEntry: all but the numbers is its own. */
typedef struct AuditEntry {
    int64_t number;
    char *hash;     /* hexadecimal digits */
    gboolean whole; /* what follows is set */
    int64_t at;
    DqEntryKind kind;
    int64_t pruned;   /* up to which entry; DQ_ENTRY_PRUNED */
    JsonNode *body;   /* DQ_ENTRY_VERDICT; NULL: it cannot be read */
    char *again;      /* what came out now, as "refused (REASON)"; NULL: it was not decided again */
    GPtrArray *wrong; /* char: what is wrong, in words; empty: nothing is */
    DqEntryFault fault;
} AuditEntry;

/**
 * audit_entry:
 * @chain: of the entries before it
 * @again: whether to decide it again
 *
 * Returns: (transfer full): NULL with the error set where the store does not work.
 */
AuditEntry *audit_entry(DqStoreFile *store, DqChain *chain, const DqStoredEntry *stored,
                        gboolean again, GError **error);
void audit_entry_free(AuditEntry *e);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AuditEntry, audit_entry_free)

/** audit_entry_said: a text of the recorded verdict, such as "vm", "uuid"; NULL where there is
 * none.
 *  @inner: NULL for a member of the verdict itself */
const char *audit_entry_said(const AuditEntry *e, const char *member, const char *inner);

#endif
