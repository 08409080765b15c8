/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passwords as tpm-tools take them. */
#ifndef TOOLS_GUEST12_SECRET_H
#define TOOLS_GUEST12_SECRET_H

#include "wire/tpm12-constants.h"

#include <glib.h>

/** TPM_SECRET: the SHA-1 of a password, or 20 zeros for the well-known one. */
typedef struct Secret {
    uint8_t digest[TPM12_DIGEST_SIZE];
} Secret;

/** How a password becomes a secret, and whether there is one. */
typedef enum SecretKind {
    SECRET_WELL_KNOWN,
    SECRET_TYPED,
} SecretKind;

/**
 * secret_ask:
 * @name: "owner", "SRK", "AIK": for the prompt
 * @unicode: whether the password is hashed in TrouSerS's UNICODE form, as with -u of tpm-tools
 * @confirm: whether it is asked for twice
 *
 * Asks at the terminal, or reads a line of standard input where there is none.
 * Errors: TPM12_ERROR_INPUT.
 */
gboolean secret_ask(SecretKind kind, const char *name, gboolean unicode, gboolean confirm,
                    Secret *ret, GError **error);

#endif
