/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authorization values as tpm2-tools writes them: str:, hex:, file:, session: and pcr:. */
#ifndef COMMON_AUTH_H
#define COMMON_AUTH_H

#include "wire/pcr.h"

#include <glib.h>

enum { AUTH_VALUE_MAX = 64 }; /* bytes of a TPM2B_AUTH */

typedef enum AuthKind {
    AUTH_PASSWORD, /* @value; an empty one too */
    AUTH_SESSION,  /* a session in @file, and @value where its policy or HMAC needs it */
    AUTH_PCR,      /* a policy over @pcrs, with their values in @file or as they are now */
} AuthKind;

typedef struct AuthValue {
    AuthKind kind;
    uint8_t value[AUTH_VALUE_MAX];
    gsize len;
    char *file; /* NULL where there is none */
    WirePcrSelection pcrs;
} AuthValue;

/**
 * auth_parse:
 * @text: TEXT, str:TEXT, hex:BYTES, file:PATH (- is standard input), session:FILE[+PASSWORD] or
 *   pcr:LIST[=FILE]
 * @ret: the caller frees it with auth_clear()
 *
 * Each wrong password costs one of the tries that a TPM's lockout allows. What tpm2-tools reads in
 * one way in one release and in another way in the next is therefore refused: a file that ends with
 * a line end, a file: inside a file or behind a session.
 *
 * Errors: G_OPTION_ERROR; the message begins with @option and does not show the password.
 */
gboolean auth_parse(const char *option, const char *text, AuthValue *ret, GError **error);

/** auth_clear: wipes and frees what @auth holds. */
void auth_clear(AuthValue *auth);

#endif
