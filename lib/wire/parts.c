/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/parts.h"

#include <string.h>

static int compare_bytes(WireBytes a, WireBytes b)
{
    const size_t len = a.len < b.len ? a.len : b.len;
    const int first = len > 0 ? memcmp(a.p, b.p, len) : 0;

    return first != 0 ? first : (a.len > b.len) - (a.len < b.len);
}

int wire_part_compare(const WirePart *a, const WirePart *b)
{
    int order = (a->kind > b->kind) - (a->kind < b->kind);

    if (order == 0) {
        order = compare_bytes(a->name, b->name);
    }
    return order != 0 ? order : memcmp(a->digest, b->digest, sizeof(a->digest));
}

/* One component of a path. */
static bool name_valid(WireBytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.p[i] == '\0' || name.p[i] == '/') {
            return false;
        }
    }
    return name.len > 0 && name.len <= WIRE_PART_NAME_MAX;
}

/* Whether @part may follow @before, which is NULL at the beginning. */
static bool follows(const WirePart *part, const WirePart *before)
{
    return name_valid(part->name) &&
           part->kind == (before ? WIRE_PART_LIBRARY : WIRE_PART_EXECUTABLE) &&
           (!before || wire_part_compare(before, part) < 0);
}

static bool get_part(WireReader *r, WirePart *ret)
{
    uint8_t kind;
    uint8_t len;

    if (!wire_get_u8(r, &kind) || !wire_get_u8(r, &len) || !wire_get_bytes(r, len, &ret->name) ||
        !wire_get_copy(r, sizeof(ret->digest), ret->digest)) {
        return false;
    }
    ret->kind = (WirePartKind)kind;
    return true;
}

static bool put_part(WireWriter *w, const WirePart *part)
{
    return wire_put_u8(w, (uint8_t)part->kind) && wire_put_u8(w, (uint8_t)part->name.len) &&
           wire_put_bytes(w, part->name) &&
           wire_put_bytes(w, (WireBytes){ part->digest, sizeof(part->digest) });
}

bool wire_decode_parts(WireBytes bytes, WireParts *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WirePart part[2];
    WireParts parts;
    uint32_t magic;
    uint16_t version;
    uint16_t count;

    if (!wire_get_u32(&r, &magic) || magic != WIRE_PARTS_MAGIC || !wire_get_u16(&r, &version) ||
        version != WIRE_PARTS_VERSION || !wire_get_u16(&r, &count) || count == 0 ||
        count > WIRE_PARTS_MAX) {
        return false;
    }
    parts = (WireParts){ r, count };
    for (unsigned i = 0; i < count; i++) {
        if (!get_part(&r, &part[i % 2]) ||
            !follows(&part[i % 2], i > 0 ? &part[(i - 1) % 2] : NULL)) {
            return false;
        }
    }
    if (r.left != 0) {
        return false;
    }
    *ret = parts;
    return true;
}

bool wire_next_part(WireParts *parts, WirePart *ret)
{
    if (parts->left == 0 || !get_part(&parts->rest, ret)) {
        return false;
    }
    parts->left--;
    return true;
}

bool wire_put_parts(WireWriter *w, const WirePart *parts, size_t count)
{
    WireWriter t = *w;

    if (count == 0 || count > WIRE_PARTS_MAX || !wire_put_u32(&t, WIRE_PARTS_MAGIC) ||
        !wire_put_u16(&t, WIRE_PARTS_VERSION) || !wire_put_u16(&t, (uint16_t)count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!follows(&parts[i], i > 0 ? &parts[i - 1] : NULL) || !put_part(&t, &parts[i])) {
            return false;
        }
    }
    *w = t;
    return true;
}
