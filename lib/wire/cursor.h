/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounds-checked cursors over memory that the caller owns. Numbers are big-endian, as TPMs have
 * them, where the name does not say le: logs of firmware and of the kernel are little-endian.
 *
 * Every function is all or nothing: it returns true and moves the cursor, or returns false and
 * changes neither the cursor nor its output. Nothing here allocates, copies by an unchecked
 * length, or logs.
 */
#ifndef WIRE_CURSOR_H
#define WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A borrowed run of bytes inside somebody else's buffer; @p may be NULL where @len is 0. */
typedef struct WireBytes {
    const uint8_t *p;
    size_t len;
} WireBytes;

/** The unread rest of a buffer. */
typedef struct WireReader {
    const uint8_t *p;
    size_t left;
} WireReader;

/** A buffer of @cap bytes whose first @len are written; without a buffer it only counts. */
typedef struct WireWriter {
    uint8_t *buf;
    size_t cap;
    size_t len;
} WireWriter;

#define WIRE_READER(bytes, n) ((WireReader){ (bytes), (n) })
#define WIRE_WRITER(bytes, n) ((WireWriter){ (bytes), (n), 0 })

/* Writes nowhere: @len is what an encoder would have written. Bytes that are put may be NULL. */
#define WIRE_COUNTER ((WireWriter){ NULL, SIZE_MAX, 0 })

bool wire_get_u8(WireReader *r, uint8_t *ret);
bool wire_get_u16(WireReader *r, uint16_t *ret);
bool wire_get_u32(WireReader *r, uint32_t *ret);
bool wire_get_u64(WireReader *r, uint64_t *ret);

bool wire_get_le16(WireReader *r, uint16_t *ret);
bool wire_get_le32(WireReader *r, uint32_t *ret);
bool wire_get_le64(WireReader *r, uint64_t *ret);

/** wire_get_bytes: the next @n bytes, borrowed. */
bool wire_get_bytes(WireReader *r, size_t n, WireBytes *ret);

/** wire_get_copy: the next @n bytes, copied into @ret (at least @n bytes long). */
bool wire_get_copy(WireReader *r, size_t n, uint8_t *ret);

/** wire_get_tpm2b: UINT16 size || size bytes, borrowed; refuses a size above @max. */
bool wire_get_tpm2b(WireReader *r, size_t max, WireBytes *ret);

/** wire_get_sized: the same with an UINT32, as a TPM 1.2 has it. */
bool wire_get_sized(WireReader *r, size_t max, WireBytes *ret);

bool wire_put_u8(WireWriter *w, uint8_t v);
bool wire_put_u16(WireWriter *w, uint16_t v);
bool wire_put_u32(WireWriter *w, uint32_t v);
bool wire_put_u64(WireWriter *w, uint64_t v);
bool wire_put_bytes(WireWriter *w, WireBytes bytes);

/** wire_put_tpm2b: UINT16 size || bytes; refuses more than 65,535 bytes. */
bool wire_put_tpm2b(WireWriter *w, WireBytes bytes);

/** wire_put_sized: UINT32 size || bytes. */
bool wire_put_sized(WireWriter *w, WireBytes bytes);

/**
 * wire_open_u16, wire_open_u32: write a size field of 0 and remember its place in @ret_mark.
 * The matching close writes the number of bytes put since then into it.
 */
bool wire_open_u16(WireWriter *w, size_t *ret_mark);
bool wire_open_u32(WireWriter *w, size_t *ret_mark);
bool wire_close_u16(WireWriter *w, size_t mark);
bool wire_close_u32(WireWriter *w, size_t mark);

/** wire_set_u32: overwrites four bytes written earlier, at @at. */
bool wire_set_u32(WireWriter *w, size_t at, uint32_t v);

/** wire_written: what has been written so far, borrowed from the writer's buffer. */
static inline WireBytes wire_written(const WireWriter *w)
{
    return (WireBytes){ w->buf, w->len };
}

/** wire_bytes_equal: same length and same content. Not constant time: for public data only. */
bool wire_bytes_equal(WireBytes a, WireBytes b);

#endif
