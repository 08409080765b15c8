/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files whose code a process runs. Spec: docs/specs/deepquote-wire.md, section 2.1. */
#ifndef WIRE_PARTS_H
#define WIRE_PARTS_H

#include "wire/cursor.h"
#include "wire/deepquote-constants.h"

enum {
    WIRE_PARTS_MAGIC = 0x44515450, /* "DQTP" */
    WIRE_PARTS_VERSION = 1,
    WIRE_PARTS_MAX = 256,
    WIRE_PART_NAME_MAX = 255,
    WIRE_PART_SIZE_MAX = 2 + WIRE_PART_NAME_MAX + DEEPQUOTE_HASH_SIZE,
    WIRE_PARTS_SIZE_MAX = 8 + WIRE_PARTS_MAX * WIRE_PART_SIZE_MAX,
};

typedef enum WirePartKind {
    WIRE_PART_EXECUTABLE = 1, /* what the process was started from */
    WIRE_PART_LIBRARY = 2,    /* any other file that is mapped to be executed */
} WirePartKind;

/** A part; its name is the last one of its path, and borrowed. */
typedef struct WirePart {
    WirePartKind kind;
    WireBytes name;
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
} WirePart;

/** The way through a list that was decoded. */
typedef struct WireParts {
    WireReader rest;
    unsigned left;
} WireParts;

/** wire_part_compare: the order of a list: by kind, name and digest; 0: the same part. */
int wire_part_compare(const WirePart *a, const WirePart *b);

/**
 * wire_decode_parts: true for a whole list in its one order, no part twice, with one executable.
 * @ret: its beginning; borrowed from @bytes
 */
bool wire_decode_parts(WireBytes bytes, WireParts *ret);

/** wire_next_part: false at the end. */
bool wire_next_part(WireParts *parts, WirePart *ret);

/** wire_put_parts: refuses, and writes nothing, where wire_decode_parts() would. */
bool wire_put_parts(WireWriter *w, const WirePart *parts, size_t count);

#endif
