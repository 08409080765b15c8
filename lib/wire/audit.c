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

bool wire_put_audit_head(WireWriter *w, const AuditHead *head)
{
    WireWriter next = *w;

    if (head->number == 0 || !wire_put_u32(&next, AUDIT_HEAD_MAGIC) ||
        !wire_put_u16(&next, AUDIT_HEAD_VERSION) || !wire_put_u64(&next, head->number) ||
        !wire_put_u64(&next, (uint64_t)head->time) ||
        !wire_put_bytes(&next, (WireBytes){ head->hash, sizeof(head->hash) })) {
        return false;
    }
    *w = next;
    return true;
}

bool wire_decode_audit_head(WireBytes bytes, AuditHead *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    AuditHead head;
    uint32_t magic;
    uint16_t version;
    uint64_t time;

    if (!wire_get_u32(&r, &magic) || magic != AUDIT_HEAD_MAGIC || !wire_get_u16(&r, &version) ||
        version != AUDIT_HEAD_VERSION || !wire_get_u64(&r, &head.number) || head.number == 0 ||
        !wire_get_u64(&r, &time) || !wire_get_copy(&r, sizeof(head.hash), head.hash) ||
        r.left != 0) {
        return false;
    }
    head.time = (int64_t)time;
    *ret = head;
    return true;
}
