/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/audit.h"

static const uint8_t label[] = "DEEPQUOTE-AUDIT-V1"; /* with its zero */

static bool put_text(WireWriter *w, WireBytes text)
{
    return text.len <= AUDIT_TEXT_MAX && wire_put_tpm2b(w, text);
}

bool wire_put_audit(WireWriter *w, const AuditEntry *entry)
{
    WireWriter next = *w;

    if (!wire_put_bytes(&next, (WireBytes){ label, sizeof(label) }) ||
        !wire_put_bytes(&next, (WireBytes){ entry->before, AUDIT_HASH_SIZE }) ||
        !wire_put_u64(&next, entry->number) || !wire_put_u64(&next, (uint64_t)entry->time) ||
        !wire_put_u64(&next, (uint64_t)entry->uid) || !put_text(&next, entry->subject) ||
        !put_text(&next, entry->what) || !put_text(&next, entry->why)) {
        return false;
    }
    *w = next;
    return true;
}
