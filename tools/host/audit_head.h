/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's TPM has signed of the audit log. Spec: docs/specs/manager-admin.md. */
#ifndef TOOLS_HOST_AUDIT_HEAD_H
#define TOOLS_HOST_AUDIT_HEAD_H

#include <json-glib/json-glib.h>

#include "attest/deepquote.h"

/** What the signatures of one key say. */
typedef struct AuditSigned {
    int64_t number; /* of the newest entry that is signed, as are all before it; 0: none */
    int64_t time;   /* when, by the host's clock */
    guint others;   /* signatures of other keys: not verified */
} AuditSigned;

/**
 * audit_heads_check: whether all signatures are of entries of this log, and those by @key are good.
 * @entries: of the log, from the first on, each with the hash that it has to have
 * @heads: what the manager answers to `audit-heads`
 *
 * Errors: G_IO_ERROR_INVALID_DATA.
 */
gboolean audit_heads_check(JsonArray *entries, JsonArray *heads, DqKey *key, AuditSigned *ret,
                           GError **error);

/** audit_fail: %FALSE, with @error: @what is wrong with the entry @number. */
gboolean audit_fail(GError **error, int64_t number, const char *what);

#endif
