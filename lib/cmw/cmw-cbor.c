/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spec: RFC 8949. Items are pulled one after the other, and nothing is allocated for what a length
 * says, before it is there.
 */
#include "cmw/cmw-cbor.h"

#include "attest/bytes.h"
#include "cmw/cmw-record.h"

#include <cbor.h>
#include <string.h>

/* ---------------------------------------------------------------------------------- Items */

typedef enum ItemKind {
    ITEM_OTHER, /* nothing that a collection has */
    ITEM_NUMBER,
    ITEM_BYTES,
    ITEM_TEXT,
    ITEM_ARRAY,
    ITEM_MAP,
} ItemKind;

/** An item, or the head of one that has others in it. */
typedef struct Item {
    ItemKind kind;
    uint64_t number; /* itself, or how many items or pairs are in it */
    DqBytes bytes;
} Item;

static void take_u8(void *item, uint8_t value)
{
    *(Item *)item = (Item){ .kind = ITEM_NUMBER, .number = value };
}

static void take_u16(void *item, uint16_t value)
{
    *(Item *)item = (Item){ .kind = ITEM_NUMBER, .number = value };
}

static void take_u32(void *item, uint32_t value)
{
    *(Item *)item = (Item){ .kind = ITEM_NUMBER, .number = value };
}

static void take_u64(void *item, uint64_t value)
{
    *(Item *)item = (Item){ .kind = ITEM_NUMBER, .number = value };
}

static void take_bytes(void *item, cbor_data data, size_t len)
{
    *(Item *)item = (Item){ .kind = ITEM_BYTES, .bytes = { data, len } };
}

static void take_text(void *item, cbor_data data, size_t len)
{
    *(Item *)item = (Item){ .kind = ITEM_TEXT, .bytes = { data, len } };
}

static void take_array(void *item, size_t count)
{
    *(Item *)item = (Item){ .kind = ITEM_ARRAY, .number = count };
}

static void take_map(void *item, size_t count)
{
    *(Item *)item = (Item){ .kind = ITEM_MAP, .number = count };
}

static struct cbor_callbacks callbacks(void)
{
    struct cbor_callbacks c = cbor_empty_callbacks;

    c.uint8 = take_u8;
    c.uint16 = take_u16;
    c.uint32 = take_u32;
    c.uint64 = take_u64;
    c.byte_string = take_bytes;
    c.string = take_text;
    c.array_start = take_array;
    c.map_start = take_map;
    return c;
}

/* The next item of @rest, which moves behind it, if it is of this kind. */
static gboolean pull(DqBytes *rest, ItemKind kind, Item *ret)
{
    const struct cbor_callbacks taking = callbacks();
    Item item = { .kind = ITEM_OTHER };
    struct cbor_decoder_result result;

    if (rest->len == 0) {
        return FALSE;
    }
    result = cbor_stream_decode(rest->data, rest->len, &taking, &item);
    if (result.status != CBOR_DECODER_FINISHED || item.kind != kind) {
        return FALSE;
    }
    *rest = (DqBytes){ rest->data + result.read, rest->len - result.read };
    *ret = item;
    return TRUE;
}

/* --------------------------------------------------------------------------------- Decode */

static GBytes *part_of(GBytes *whole, DqBytes part)
{
    const uint8_t *first = g_bytes_get_data(whole, NULL);

    return part.len > 0 ? g_bytes_new_from_bytes(whole, (gsize)(part.data - first), part.len)
                        : NULL;
}

static gboolean read_record(GBytes *whole, DqBytes *rest, DqCmwPart part, DqCmw *cmw,
                            GError **error)
{
    Item array, media_type, value, indicator = { .number = CMW_EVIDENCE };

    if (!pull(rest, ITEM_ARRAY, &array) || array.number < CMW_RECORD_MIN ||
        array.number > CMW_RECORD_MAX || !pull(rest, ITEM_TEXT, &media_type) ||
        !pull(rest, ITEM_BYTES, &value) ||
        (array.number == CMW_RECORD_MAX && !pull(rest, ITEM_NUMBER, &indicator))) {
        return cmw_fail(error, "'%s' is no record of a type, a value and perhaps an indicator",
                        cmw_label(part));
    }
    return cmw_put(cmw, part, media_type.bytes, indicator.number, part_of(whole, value.bytes),
                   error);
}

static gboolean is_type(DqBytes text)
{
    const DqBytes type = { (const uint8_t *)CMW_TYPE, strlen(CMW_TYPE) };

    return dq_bytes_equal(text, type);
}

/* One pair of the map. */
static gboolean read_pair(GBytes *whole, DqBytes *rest, DqCmw *cmw, gboolean *typed, GError **error)
{
    const DqBytes type_label = { (const uint8_t *)CMW_TYPE_LABEL, strlen(CMW_TYPE_LABEL) };
    Item label, type;
    DqCmwPart part;

    if (!pull(rest, ITEM_TEXT, &label)) {
        return cmw_fail(error, "it ends in the middle, or has a label that is no text");
    }
    if (dq_bytes_equal(label.bytes, type_label)) {
        if (*typed || !pull(rest, ITEM_TEXT, &type) || !is_type(type.bytes)) {
            return cmw_fail(error, "its type (%s) is not the one of a deep quote", CMW_TYPE_LABEL);
        }
        *typed = TRUE;
        return TRUE;
    }
    return cmw_find((const char *)label.bytes.data, label.bytes.len, &part, error) &&
           read_record(whole, rest, part, cmw, error);
}

gboolean cmw_decode_cbor(GBytes *bytes, DqCmw *cmw, GError **error)
{
    DqBytes rest = dq_bytes_peek(bytes);
    gboolean typed = FALSE;
    Item map;

    if (!pull(&rest, ITEM_MAP, &map)) {
        return cmw_fail(error, "it is no map that says how much is in it");
    }
    for (uint64_t i = 0; i < map.number; i++) {
        if (!read_pair(bytes, &rest, cmw, &typed, error)) {
            return FALSE;
        }
    }
    if (!typed) {
        return cmw_fail(error, "its type (%s) is not the one of a deep quote", CMW_TYPE_LABEL);
    }
    return rest.len == 0 || cmw_fail(error, "something stands behind its end");
}

/* --------------------------------------------------------------------------------- Encode */

enum { HEAD_MAX = 9 }; /* bytes of the longest head of an item */

typedef size_t (*PutHead)(size_t value, unsigned char *buffer, size_t size);

static void put_head(GByteArray *out, PutHead put, gsize value)
{
    unsigned char buffer[HEAD_MAX];

    g_byte_array_append(out, buffer, (guint)put(value, buffer, sizeof(buffer)));
}

static void put_text(GByteArray *out, const char *text)
{
    put_head(out, cbor_encode_string_start, strlen(text));
    g_byte_array_append(out, (const uint8_t *)text, (guint)strlen(text));
}

static size_t put_number(size_t value, unsigned char *buffer, size_t size)
{
    return cbor_encode_uint(value, buffer, size);
}

static void put_record(GByteArray *out, DqCmwPart part, DqBytes value)
{
    put_text(out, cmw_label(part));
    put_head(out, cbor_encode_array_start, CMW_RECORD_MAX);
    put_text(out, cmw_media_type(part));
    put_head(out, cbor_encode_bytestring_start, value.len);
    g_byte_array_append(out, value.data, (guint)value.len);
    put_head(out, put_number, CMW_EVIDENCE);
}

static gboolean has(const DqCmw *cmw, guint part)
{
    return cmw->part[part] && g_bytes_get_size(cmw->part[part]) > 0;
}

GBytes *cmw_encode_cbor(const DqCmw *cmw)
{
    GByteArray *out = g_byte_array_new();
    gsize pairs = 1;

    for (guint i = 0; i < DQ_CMW_PARTS; i++) {
        pairs += has(cmw, i) ? 1 : 0;
    }
    put_head(out, cbor_encode_map_start, pairs);
    put_text(out, CMW_TYPE_LABEL);
    put_text(out, CMW_TYPE);
    for (guint i = 0; i < DQ_CMW_PARTS; i++) {
        if (has(cmw, i)) {
            put_record(out, (DqCmwPart)i, dq_bytes_peek(cmw->part[i]));
        }
    }
    return g_byte_array_free_to_bytes(out);
}
