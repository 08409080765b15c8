/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state.h"

#include <stdlib.h>
#include <string.h>

void state_clear(State *s)
{
    if (s->bytes) {
        explicit_bzero(s->bytes, s->len);
        free(s->bytes);
    }
    *s = (State){ 0 };
}

bool state_put_get(WireWriter *w, const PtmCall *call, StateKind kind)
{
    WireWriter t = *w;

    if (!wire_put_u32(&t, ptm_code(call)) || !wire_put_u32(&t, kind.flags) ||
        !wire_put_u32(&t, kind.type) || !wire_put_u32(&t, 0)) {
        return false;
    }
    *w = t;
    return true;
}

bool state_begin_taking(State *s, const PtmCall *call, StateKind kind, WireBytes answer)
{
    WireReader r = WIRE_READER(answer.p, answer.len);
    uint32_t result;
    uint32_t flags;
    uint32_t total;
    WireBytes bytes;

    state_clear(s);
    if (!wire_get_u32(&r, &result) || result != 0 || !wire_get_u32(&r, &flags) ||
        !wire_get_u32(&r, &total) || !wire_get_sized(&r, call->data_max, &bytes) || r.left != 0 ||
        bytes.len != total) {
        return false;
    }
    s->bytes = malloc(bytes.len + 1);
    if (!s->bytes) {
        return false;
    }
    if (bytes.len > 0) {
        memcpy(s->bytes, bytes.p, bytes.len);
    }
    s->len = bytes.len;
    s->asked = kind;
    s->flags = flags;
    s->way = STATE_TAKEN;
    return true;
}

bool state_has(const State *s, StateKind kind)
{
    return s->way == STATE_TAKEN && s->asked.flags == kind.flags && s->asked.type == kind.type;
}

void state_take_piece(State *s, const PtmCall *call, uint32_t offset, uint8_t *ret)
{
    const size_t at = offset < s->len ? offset : s->len;
    const size_t len = s->len - at < PTM_PIECE ? s->len - at : PTM_PIECE;
    const uint32_t fields[] = { 0, s->flags, (uint32_t)s->len, (uint32_t)len };

    memset(ret, 0, call->size);
    memcpy(ret, fields, sizeof(fields));
    if (len > 0) {
        memcpy(ret + sizeof(fields), s->bytes + at, len);
    }
    s->at = at + len;
    if (s->at == s->len) {
        state_clear(s);
    }
}

WireBytes state_next(const State *s, size_t size)
{
    const size_t left = s->len - s->at;

    return (WireBytes){ s->bytes + s->at, left < size ? left : size };
}

void state_advance(State *s, size_t size)
{
    if (s->len - s->at < size) {
        state_clear(s);
    } else {
        s->at += size;
    }
}

/* Makes room for @len bytes; nothing of a secret stays where realloc() had it. */
static bool grow(State *s, size_t len)
{
    const size_t doubled = s->room ? 2 * s->room : (size_t)16 * PTM_PIECE;
    const size_t room = len > doubled ? len : doubled;
    uint8_t *bytes;

    if (len <= s->room) {
        return true;
    }
    bytes = malloc(room);
    if (!bytes) {
        return false;
    }
    if (s->bytes) {
        memcpy(bytes, s->bytes, s->len);
        explicit_bzero(s->bytes, s->len);
        free(s->bytes);
    }
    s->bytes = bytes;
    s->room = room;
    return true;
}

StateGiven state_give(State *s, WireBytes bytes)
{
    if (bytes.len > PTM_STATE_MAX - s->len || (bytes.len > 0 && !grow(s, s->len + bytes.len))) {
        state_clear(s);
        return STATE_TOO_LARGE;
    }
    if (bytes.len > 0) {
        memcpy(s->bytes + s->len, bytes.p, bytes.len);
        s->len += bytes.len;
    }
    return STATE_PIECE_KEPT;
}

StateGiven state_give_piece(State *s, const PtmCall *call, WireBytes argument)
{
    WireReader r = WIRE_READER(argument.p, argument.len);
    WireBytes head;
    WireBytes bytes;
    StateKind kind;
    uint32_t len;
    const bool first = s->way != STATE_GIVEN;

    if (!wire_get_bytes(&r, 12, &head) || (len = ptm_number(head.p + 8)) > call->data_max ||
        !wire_get_bytes(&r, len, &bytes)) {
        state_clear(s);
        return STATE_WRONG;
    }
    kind = (StateKind){ ptm_number(head.p), ptm_number(head.p + 4) };
    if (first) {
        state_clear(s);
        s->way = STATE_GIVEN;
        s->asked = kind;
    } else if (kind.type != s->asked.type || kind.flags != s->asked.flags) {
        state_clear(s);
        return STATE_WRONG;
    }
    if (state_give(s, bytes) != STATE_PIECE_KEPT) {
        return STATE_TOO_LARGE;
    }
    /* a first one that is empty opens the way for writes */
    return len == PTM_PIECE || (first && len == 0) ? STATE_PIECE_KEPT : STATE_COMPLETE;
}

bool state_put_set(WireWriter *w, const PtmCall *call, const State *s)
{
    WireWriter t = *w;

    if (!wire_put_u32(&t, ptm_code(call)) || !wire_put_u32(&t, s->asked.flags) ||
        !wire_put_u32(&t, s->asked.type) || !wire_put_sized(&t, (WireBytes){ s->bytes, s->len })) {
        return false;
    }
    *w = t;
    return true;
}
