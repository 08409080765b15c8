/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's list of measurements of IMA, in its binary form, little-endian. Nothing is copied:
 * entries point into the list, which the caller keeps.
 *
 * Spec: what security/integrity/ima/ima_fs.c of Linux writes for an entry.
 */
#ifndef APPRAISE_IMA_LIST_H
#define APPRAISE_IMA_LIST_H

#include <glib.h>

#include "wire/cursor.h"

enum {
    DQ_IMA_LIST_MAX = 1 << 29, /* bytes; an entry has about 100 */
    DQ_IMA_TEMPLATE_MAX = 255, /* bytes of a template's name */
    DQ_IMA_FILE_MAX = 255,     /* bytes of a file's name in the oldest template */
    DQ_IMA_SHA1_SIZE = 20,
    DQ_IMA_PCR = 10,
    DQ_IMA_PCRS = 24,
};

/** DqImaEntry: one measurement. Borrowed from the list. */
typedef struct DqImaEntry {
    uint64_t number; /* from 0 */
    uint64_t offset; /* of its first byte in the list */
    uint32_t pcr;
    WireBytes digest;   /* of the data, SHA-1; zeroes for a violation */
    WireBytes template; /* its name, or the fields of one without a name */
    WireBytes data;
    gboolean violation; /* the file was open for writing: what was read may be something else */
    gboolean oldest; /* the template "ima": data has no lengths, but for that of the file's name */
} DqImaEntry;

/** DqImaWalk: a place in a list. The fields are the walk's own. */
typedef struct DqImaWalk {
    WireBytes list;
    WireReader rest;
    uint64_t number;
} DqImaWalk;

/** dq_ima_walk: begins with entry @number, which is at @offset, not beyond the end of @list. */
DqImaWalk dq_ima_walk(WireBytes list, uint64_t number, uint64_t offset);

/**
 * dq_ima_next: steps to the next entry.
 *
 * Returns: FALSE after the last one, and with @error set where what comes next is none.
 * Errors: DQ_LOG_ERROR_MALFORMED, DQ_LOG_ERROR_TOO_LARGE.
 */
gboolean dq_ima_next(DqImaWalk *walk, DqImaEntry *ret_entry, GError **error);

/**
 * dq_ima_hash: of an entry's data, as the kernel hashes it.
 * @ret_digest: room for DQ_DIGEST_MAX bytes
 *
 * Returns: its size; 0 where OpenSSL has not this algorithm.
 */
gsize dq_ima_hash(const DqImaEntry *entry, uint16_t alg, uint8_t *ret_digest);

#endif
