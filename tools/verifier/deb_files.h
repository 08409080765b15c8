/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files a Debian package installs. */
#ifndef VERIFIER_DEB_FILES_H
#define VERIFIER_DEB_FILES_H

#include "attest/deepquote.h"

/** DebPackage: what a package says of itself. */
typedef struct DebPackage {
    char *name, *version;
    char *source, *source_version; /* what it was built from */
    int64_t made;                  /* seconds since 1970 */
} DebPackage;

/**
 * DebHandler: who is told what is in it.
 * @package: Returns: whether its files are wanted
 * @file: one regular file, or one more name of it: absolute, any bytes; SHA-256 of its content, 32
 *     bytes
 */
typedef struct DebHandler {
    gboolean (*package)(const DebPackage *package, gpointer data);
    void (*file)(const char *name, const uint8_t *digest, gpointer data);
} DebHandler;

/**
 * deb_files:
 * @handler: its functions are called also before something turns out to be wrong
 *
 * Spec: deb(5), deb-control(5). Errors: DQ_ERROR_VALUE: it is no package, or ends in the middle;
 * the message does not name it.
 */
gboolean deb_files(DqBytes bytes, const DebHandler *handler, gpointer data, GError **error);

#endif
