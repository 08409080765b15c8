/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One value for all that the registry's file holds, which only who has its key can find: each row
 * has a keyed hash, and the root is their sum without carries. So a change of one row changes the
 * root by what that row was and is, however many others there are. A table has no row twice.
 *
 * The root itself is shown to nobody: what the file keeps is root_mac(), a keyed hash of it.
 */
#ifndef VTPM_MANAGER_REGISTRY_ROOT_H
#define VTPM_MANAGER_REGISTRY_ROOT_H

#include <glib.h>
#include <sqlite3.h>
#include <stdint.h>

enum {
    ROOT_HASH_SIZE = 32, /* of SHA-256: digests, keys and roots */
};

typedef struct Root {
    uint8_t sum[ROOT_HASH_SIZE];
    uint64_t rows;
} Root;

/** A value of a row, borrowed. */
typedef struct RootValue {
    int type;       /* SQLITE_INTEGER, _FLOAT, _TEXT, _BLOB or _NULL */
    int64_t number; /* of an integer */
    const void *data;
    gsize len;
} RootValue;

/** root_value, root_column: of a protected value, of a column of a row that was stepped to. */
RootValue root_value(sqlite3_value *value);
RootValue root_column(sqlite3_stmt *s, int column);

/**
 * root_digest_row: SHA-256 over the name of @table and its @count values, each with type and
 * length, so that no two rows have the same. Needs no key.
 *
 * Returns: like the others, %FALSE where there is no memory for it.
 */
gboolean root_digest_row(const char *table, const RootValue *values, guint count,
                         uint8_t ret[ROOT_HASH_SIZE]);

/** root_add, root_remove: the row that has @digest. */
gboolean root_add(Root *root, const uint8_t key[ROOT_HASH_SIZE],
                  const uint8_t digest[ROOT_HASH_SIZE]);
gboolean root_remove(Root *root, const uint8_t key[ROOT_HASH_SIZE],
                     const uint8_t digest[ROOT_HASH_SIZE]);

/** root_mac: a keyed hash of @root and of @more, which is of one length always. */
gboolean root_mac(const Root *root, const uint8_t key[ROOT_HASH_SIZE], const void *more, gsize len,
                  uint8_t ret[ROOT_HASH_SIZE]);

#endif
