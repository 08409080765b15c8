/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hash of an entry of the manager's audit log is over. Spec: docs/specs/manager-admin.md,
 * "The audit log".
 */
#ifndef WIRE_AUDIT_H
#define WIRE_AUDIT_H

#include "wire/cursor.h"

enum {
    AUDIT_HASH_SIZE = 32, /* SHA-256 */
    AUDIT_TEXT_MAX = 2048,
    AUDIT_MAX = 32 + AUDIT_HASH_SIZE + 3 * 8 + 3 * (2 + AUDIT_TEXT_MAX), /* bytes of an entry */
};

typedef struct AuditEntry {
    const uint8_t *before; /* hash of the entry before it; zeros before the first */
    uint64_t number;       /* 1, 2, 3 ... */
    int64_t time;          /* seconds since 1970 */
    int64_t uid;           /* -1: the manager, by itself */
    WireBytes subject;     /* UUID of a VM, name of a group, or empty */
    WireBytes what;
    WireBytes why; /* may be empty */
} AuditEntry;

/** wire_put_audit: refuses texts of more than AUDIT_TEXT_MAX bytes. */
bool wire_put_audit(WireWriter *w, const AuditEntry *entry);

#endif
