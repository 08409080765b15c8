/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/cursor.h"

#include <string.h>

static uint64_t load_be(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static uint64_t load_le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    while (n-- > 0) {
        v = v << 8 | p[n];
    }
    return v;
}

/* Writes @v at @at, which is inside the buffer. */
static void store_be(WireWriter *w, size_t at, size_t n, uint64_t v)
{
    if (!w->buf) {
        return;
    }
    while (n-- > 0) {
        w->buf[at + n] = v & 0xff;
        v >>= 8;
    }
}

bool wire_get_bytes(WireReader *r, size_t n, WireBytes *ret)
{
    if (r->left < n) {
        return false;
    }
    *ret = (WireBytes){ r->p, n };
    if (n > 0) {
        r->p += n;
        r->left -= n;
    }
    return true;
}

static bool get_be(WireReader *r, size_t n, uint64_t *ret)
{
    WireBytes b;

    if (!wire_get_bytes(r, n, &b)) {
        return false;
    }
    *ret = load_be(b.p, n);
    return true;
}

bool wire_get_u8(WireReader *r, uint8_t *ret)
{
    uint64_t v;

    if (!get_be(r, sizeof(*ret), &v)) {
        return false;
    }
    *ret = (uint8_t)v;
    return true;
}

bool wire_get_u16(WireReader *r, uint16_t *ret)
{
    uint64_t v;

    if (!get_be(r, sizeof(*ret), &v)) {
        return false;
    }
    *ret = (uint16_t)v;
    return true;
}

bool wire_get_u32(WireReader *r, uint32_t *ret)
{
    uint64_t v;

    if (!get_be(r, sizeof(*ret), &v)) {
        return false;
    }
    *ret = (uint32_t)v;
    return true;
}

bool wire_get_u64(WireReader *r, uint64_t *ret)
{
    return get_be(r, sizeof(*ret), ret);
}

static bool get_le(WireReader *r, size_t n, uint64_t *ret)
{
    WireBytes b;

    if (!wire_get_bytes(r, n, &b)) {
        return false;
    }
    *ret = load_le(b.p, n);
    return true;
}

bool wire_get_le16(WireReader *r, uint16_t *ret)
{
    uint64_t v;

    if (!get_le(r, sizeof(*ret), &v)) {
        return false;
    }
    *ret = (uint16_t)v;
    return true;
}

bool wire_get_le32(WireReader *r, uint32_t *ret)
{
    uint64_t v;

    if (!get_le(r, sizeof(*ret), &v)) {
        return false;
    }
    *ret = (uint32_t)v;
    return true;
}

bool wire_get_le64(WireReader *r, uint64_t *ret)
{
    return get_le(r, sizeof(*ret), ret);
}

bool wire_get_copy(WireReader *r, size_t n, uint8_t *ret)
{
    WireBytes b;

    if (!wire_get_bytes(r, n, &b)) {
        return false;
    }
    if (n > 0) {
        memcpy(ret, b.p, n);
    }
    return true;
}

bool wire_get_tpm2b(WireReader *r, size_t max, WireBytes *ret)
{
    WireReader t = *r;
    uint16_t n;
    WireBytes b;

    if (!wire_get_u16(&t, &n) || n > max || !wire_get_bytes(&t, n, &b)) {
        return false;
    }
    *ret = b;
    *r = t;
    return true;
}

bool wire_get_sized(WireReader *r, size_t max, WireBytes *ret)
{
    WireReader t = *r;
    uint32_t n;
    WireBytes b;

    if (!wire_get_u32(&t, &n) || n > max || !wire_get_bytes(&t, n, &b)) {
        return false;
    }
    *ret = b;
    *r = t;
    return true;
}

static bool put_be(WireWriter *w, size_t n, uint64_t v)
{
    if (w->cap - w->len < n) {
        return false;
    }
    store_be(w, w->len, n, v);
    w->len += n;
    return true;
}

bool wire_put_u8(WireWriter *w, uint8_t v)
{
    return put_be(w, sizeof(v), v);
}

bool wire_put_u16(WireWriter *w, uint16_t v)
{
    return put_be(w, sizeof(v), v);
}

bool wire_put_u32(WireWriter *w, uint32_t v)
{
    return put_be(w, sizeof(v), v);
}

bool wire_put_u64(WireWriter *w, uint64_t v)
{
    return put_be(w, sizeof(v), v);
}

bool wire_put_bytes(WireWriter *w, WireBytes bytes)
{
    if (w->cap - w->len < bytes.len) {
        return false;
    }
    if (bytes.len > 0 && w->buf) {
        memmove(w->buf + w->len, bytes.p, bytes.len);
    }
    w->len += bytes.len;
    return true;
}

bool wire_put_tpm2b(WireWriter *w, WireBytes bytes)
{
    if (bytes.len > UINT16_MAX || w->cap - w->len < 2 + bytes.len) {
        return false;
    }
    return wire_put_u16(w, (uint16_t)bytes.len) && wire_put_bytes(w, bytes);
}

bool wire_put_sized(WireWriter *w, WireBytes bytes)
{
    if (bytes.len > UINT32_MAX || w->cap - w->len < 4 || w->cap - w->len - 4 < bytes.len) {
        return false;
    }
    return wire_put_u32(w, (uint32_t)bytes.len) && wire_put_bytes(w, bytes);
}

static bool open_size(WireWriter *w, size_t width, size_t *ret_mark)
{
    size_t at = w->len;

    if (!put_be(w, width, 0)) {
        return false;
    }
    *ret_mark = at;
    return true;
}

static bool close_size(WireWriter *w, size_t width, size_t mark, uint64_t max)
{
    uint64_t n;

    if (mark > w->len || w->len - mark < width) {
        return false;
    }
    n = w->len - mark - width;
    if (n > max) {
        return false;
    }
    store_be(w, mark, width, n);
    return true;
}

bool wire_open_u16(WireWriter *w, size_t *ret_mark)
{
    return open_size(w, sizeof(uint16_t), ret_mark);
}

bool wire_open_u32(WireWriter *w, size_t *ret_mark)
{
    return open_size(w, sizeof(uint32_t), ret_mark);
}

bool wire_close_u16(WireWriter *w, size_t mark)
{
    return close_size(w, sizeof(uint16_t), mark, UINT16_MAX);
}

bool wire_close_u32(WireWriter *w, size_t mark)
{
    return close_size(w, sizeof(uint32_t), mark, UINT32_MAX);
}

bool wire_set_u32(WireWriter *w, size_t at, uint32_t v)
{
    if (at > w->len || w->len - at < sizeof(v)) {
        return false;
    }
    store_be(w, at, sizeof(v), v);
    return true;
}

bool wire_bytes_equal(WireBytes a, WireBytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}
