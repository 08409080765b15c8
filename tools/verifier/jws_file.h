/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys that sign and verify, in files. */
#ifndef VERIFIER_JWS_FILE_H
#define VERIFIER_JWS_FILE_H

#include "appraise/jws-verify.h"
#include "appraise/jws.h"

/** jws_key_read: (transfer full): a private key; what was read is wiped. */
DqJwsKey *jws_key_read(const char *path, GError **error);

/** jws_key_make: (transfer full): a new key, in a new file that its owner alone can read. */
DqJwsKey *jws_key_make(const char *path, GError **error);

/** jws_public_read: (transfer full): a public key. */
DqJwsPublic *jws_public_read(const char *path, GError **error);

#endif
