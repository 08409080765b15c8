/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What packages a Debian repository has: its Packages file. */
#ifndef VERIFIER_PACKAGES_INDEX_H
#define VERIFIER_PACKAGES_INDEX_H

#include "attest/deepquote.h"

#define PACKAGES_INDEX "Packages" /* its name */

/** IndexedPackage: what the index says of one. Borrowed. */
typedef struct IndexedPackage {
    const char *name;
    const char *file; /* below the repository, and never above it */
    uint8_t digest[DQ_HASH_SIZE];
} IndexedPackage;

/** IndexedHandler: is told each; Returns: FALSE with the error set to end it. */
typedef gboolean (*IndexedHandler)(const IndexedPackage *package, gpointer data, GError **error);

/**
 * packages_index_read:
 * @text: uncompressed
 *
 * Spec: the Debian wiki's DebianRepository/Format, "Packages" indices; deb-control(5). What a
 * stanza has besides Package, Filename and SHA256 is passed over.
 *
 * Errors: DQ_ERROR_VALUE: it is none, or names a file that is not below the repository; those of
 * @handler.
 */
gboolean packages_index_read(DqBytes text, IndexedHandler handler, gpointer data, GError **error);

/**
 * packages_index_repository: (transfer full): the folder that files in an index are below, by the
 * path of the index: what is before "dists"; else the folder that it is in.
 */
char *packages_index_repository(const char *path);

#endif
