/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hash of an entry of the manager's audit log is over, and what the host's TPM signs of
 * the log. Spec: docs/specs/manager-admin.md, "The audit log".
 */
#ifndef WIRE_AUDIT_H
#define WIRE_AUDIT_H

#include "wire/cursor.h"

enum {
    AUDIT_HASH_SIZE = 32, /* SHA-256 */
    AUDIT_TEXT_MAX = 2048,
    AUDIT_MAX = 32 + AUDIT_HASH_SIZE + 3 * 8 + 3 * (2 + AUDIT_TEXT_MAX), /* bytes of an entry */
    AUDIT_HEAD_MAGIC = 0x44515441,                                       /* "DQTA" */
    AUDIT_HEAD_VERSION = 1,
    AUDIT_HEAD_SIZE = 4 + 2 + 2 * 8 + AUDIT_HASH_SIZE,
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

/** The last entry of the log at some time: a leaf beside those of deep quotes. */
typedef struct AuditHead {
    uint64_t number; /* of the entry; not 0 */
    int64_t time;    /* seconds since 1970, by the host's clock */
    uint8_t hash[AUDIT_HASH_SIZE];
} AuditHead;

bool wire_put_audit_head(WireWriter *w, const AuditHead *head);
bool wire_decode_audit_head(WireBytes bytes, AuditHead *ret);

#endif
