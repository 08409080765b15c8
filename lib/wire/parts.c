/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/parts.h"

#include <string.h>

const WirePartsForm wire_parts_vtpm = { 0x44515450 /* "DQTP" */, WIRE_PART_LIBRARY };
const WirePartsForm wire_parts_launch = { 0x4451544C /* "DQTL" */, WIRE_PART_ARGUMENTS };

#define WORD(text)                                                                                 \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static const struct {
    const char *text;
    size_t len;
} words[] = {
    [WIRE_PART_EXECUTABLE] = WORD("executable"),
    [WIRE_PART_LIBRARY] = WORD("library"),
    [WIRE_PART_FIRMWARE] = WORD("firmware"),
    [WIRE_PART_KERNEL] = WORD("kernel"),
    [WIRE_PART_INITRD] = WORD("initrd"),
    [WIRE_PART_DEVICE_TREE] = WORD("device-tree"),
    [WIRE_PART_COMMAND_LINE] = WORD("command-line"),
    [WIRE_PART_FILE] = WORD("file"),
    [WIRE_PART_MACHINE] = WORD("machine"),
    [WIRE_PART_ARGUMENTS] = WORD("arguments"),
};

enum { KINDS = sizeof(words) / sizeof(words[0]) };

const char *wire_part_kind_word(WirePartKind kind)
{
    return (unsigned)kind < KINDS ? words[kind].text : NULL;
}

bool wire_part_kind_find(const char *word, size_t len, WirePartKind *ret)
{
    for (unsigned kind = WIRE_PART_EXECUTABLE; kind < KINDS; kind++) {
        if (words[kind].len == len && memcmp(words[kind].text, word, len) == 0) {
            *ret = (WirePartKind)kind;
            return true;
        }
    }
    return false;
}

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
static bool follows(const WirePartsForm *form, const WirePart *part, const WirePart *before)
{
    return name_valid(part->name) && part->kind <= form->last &&
           (part->kind == WIRE_PART_EXECUTABLE) == !before &&
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

bool wire_decode_parts(WireBytes bytes, const WirePartsForm *form, WireParts *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WirePart part[2];
    WireParts parts;
    uint32_t magic;
    uint16_t version;
    uint16_t count;

    if (!wire_get_u32(&r, &magic) || magic != form->magic || !wire_get_u16(&r, &version) ||
        version != WIRE_PARTS_VERSION || !wire_get_u16(&r, &count) || count == 0 ||
        count > WIRE_PARTS_MAX) {
        return false;
    }
    parts = (WireParts){ r, count };
    for (unsigned i = 0; i < count; i++) {
        if (!get_part(&r, &part[i % 2]) ||
            !follows(form, &part[i % 2], i > 0 ? &part[(i - 1) % 2] : NULL)) {
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

bool wire_put_parts(WireWriter *w, const WirePartsForm *form, const WirePart *parts, size_t count)
{
    WireWriter t = *w;

    if (count == 0 || count > WIRE_PARTS_MAX || !wire_put_u32(&t, form->magic) ||
        !wire_put_u16(&t, WIRE_PARTS_VERSION) || !wire_put_u16(&t, (uint16_t)count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!follows(form, &parts[i], i > 0 ? &parts[i - 1] : NULL) || !put_part(&t, &parts[i])) {
            return false;
        }
    }
    *w = t;
    return true;
}
