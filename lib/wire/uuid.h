/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UUIDs, in the order in which their text has the digits (RFC 4122). */
#ifndef WIRE_UUID_H
#define WIRE_UUID_H

#include "wire/cursor.h"

enum {
    WIRE_UUID_SIZE = 16,
    WIRE_UUID_TEXT_SIZE = 37, /* with the zero at its end */
};

typedef struct WireUuid {
    uint8_t byte[WIRE_UUID_SIZE];
} WireUuid;

bool wire_get_uuid(WireReader *r, WireUuid *ret);
bool wire_put_uuid(WireWriter *w, const WireUuid *uuid);

/**
 * wire_uuid_parse:
 * @text: 8-4-4-4-12 hexadecimal digits in either case, @len characters; no zero need follow
 */
bool wire_uuid_parse(const char *text, size_t len, WireUuid *ret);

/** wire_uuid_format: the text in lower case, with a zero at its end. */
void wire_uuid_format(const WireUuid *uuid, char ret[WIRE_UUID_TEXT_SIZE]);

/** wire_uuid_hash, wire_uuid_equal: of WireUuid; as GLib's hash tables want them. */
unsigned wire_uuid_hash(const void *uuid);
int wire_uuid_equal(const void *a, const void *b);

#endif
