/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/uuid.h"

#include <string.h>

enum { TEXT_LEN = WIRE_UUID_TEXT_SIZE - 1 };

bool wire_get_uuid(WireReader *r, WireUuid *ret)
{
    return wire_get_copy(r, sizeof(ret->byte), ret->byte);
}

bool wire_put_uuid(WireWriter *w, const WireUuid *uuid)
{
    return wire_put_bytes(w, (WireBytes){ uuid->byte, sizeof(uuid->byte) });
}

static bool is_hyphen_place(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool wire_uuid_parse(const char *text, size_t len, WireUuid *ret)
{
    WireUuid uuid = { { 0 } };
    size_t digits = 0;

    if (len != TEXT_LEN) {
        return false;
    }
    for (size_t i = 0; i < TEXT_LEN; i++) {
        int value = digit_value(text[i]);
        uint8_t *byte = &uuid.byte[digits / 2];

        if (is_hyphen_place(i)) {
            if (text[i] != '-') {
                return false;
            }
            continue;
        }
        if (value < 0) {
            return false;
        }
        *byte = (uint8_t)(*byte << 4 | value);
        digits++;
    }
    *ret = uuid;
    return true;
}

void wire_uuid_format(const WireUuid *uuid, char ret[WIRE_UUID_TEXT_SIZE])
{
    static const char digit[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < WIRE_UUID_SIZE; i++) {
        if (is_hyphen_place(at)) {
            ret[at++] = '-';
        }
        ret[at++] = digit[uuid->byte[i] >> 4];
        ret[at++] = digit[uuid->byte[i] & 0x0f];
    }
    ret[at] = '\0';
}

/* FNV-1a: a UUID need not be random, and counted ones differ in one byte only. */
unsigned wire_uuid_hash(const void *uuid)
{
    const WireUuid *u = uuid;
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < WIRE_UUID_SIZE; i++) {
        h = (h ^ u->byte[i]) * 16777619u;
    }
    return h;
}

int wire_uuid_equal(const void *a, const void *b)
{
    return memcmp(a, b, WIRE_UUID_SIZE) == 0;
}
