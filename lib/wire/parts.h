/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process runs, or what a VM was started with: a list of parts with their digests.
 * Spec: docs/specs/deepquote-wire.md, sections 2.1 and 2.2.
 */
#ifndef WIRE_PARTS_H
#define WIRE_PARTS_H

#include "wire/cursor.h"
#include "wire/deepquote-constants.h"

enum {
    WIRE_PARTS_VERSION = 1,
    WIRE_PARTS_MAX = 256,
    WIRE_PART_NAME_MAX = 255,
    WIRE_PART_SIZE_MAX = 2 + WIRE_PART_NAME_MAX + DEEPQUOTE_HASH_SIZE,
    WIRE_PARTS_SIZE_MAX = 8 + WIRE_PARTS_MAX * WIRE_PART_SIZE_MAX,
};

typedef enum WirePartKind {
    WIRE_PART_EXECUTABLE = 1, /* what the process was started from */
    WIRE_PART_LIBRARY = 2,    /* any other file that is mapped to be executed */
    WIRE_PART_FIRMWARE = 3,   /* an image that the guest begins with */
    WIRE_PART_KERNEL = 4,
    WIRE_PART_INITRD = 5,
    WIRE_PART_DEVICE_TREE = 6,
    WIRE_PART_COMMAND_LINE = 7, /* the kernel's */
    WIRE_PART_FILE = 8,         /* another file that QEMU puts into the guest */
    WIRE_PART_MACHINE = 9,      /* its type, as it was named */
    WIRE_PART_ARGUMENTS = 10,   /* all of QEMU's */
} WirePartKind;

/** Whose list it is. */
typedef struct WirePartsForm {
    uint32_t magic;
    WirePartKind last; /* no part is of a kind behind it */
} WirePartsForm;

extern const WirePartsForm wire_parts_vtpm;   /* what a vTPM's process runs */
extern const WirePartsForm wire_parts_launch; /* what a VM was started with */

/** A part; its name is borrowed, that of a file the last one of its path. */
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

/** wire_part_kind_word: such as "kernel"; NULL: there is no such kind. */
const char *wire_part_kind_word(WirePartKind kind);

/** wire_part_kind_find: false where no kind has this word. */
bool wire_part_kind_find(const char *word, size_t len, WirePartKind *ret);

/** wire_part_compare: the order of a list: by kind, name and digest; 0: the same part. */
int wire_part_compare(const WirePart *a, const WirePart *b);

/**
 * wire_decode_parts: true for a whole list in its one order, no part twice, with one executable.
 * @ret: its beginning; borrowed from @bytes
 */
bool wire_decode_parts(WireBytes bytes, const WirePartsForm *form, WireParts *ret);

/** wire_next_part: false at the end. */
bool wire_next_part(WireParts *parts, WirePart *ret);

/** wire_put_parts: refuses, and writes nothing, where wire_decode_parts() would. */
bool wire_put_parts(WireWriter *w, const WirePartsForm *form, const WirePart *parts, size_t count);

#endif
