/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host tells of itself, by name; and what the host's refusals mean. */
#ifndef COMMON_HOST_ASK_H
#define COMMON_HOST_ASK_H

#include <glib.h>
#include <stdint.h>

enum { HOST_CREDENTIALS = 10 }; /* kinds that have a name */

/** What the host tells of itself, and where to write it. */
typedef struct HostCredentialFile {
    uint32_t what;    /* DEEPQUOTE_HOST_AK_PUBLIC and so on */
    const char *path; /* NULL: only with others, in one file */
} HostCredentialFile;

/**
 * host_credential_parse:
 * @text: WHAT=FILE; borrowed by @ret
 * @bare: whether WHAT alone will do
 *
 * Errors: G_OPTION_ERROR; the message begins with --host-credential.
 */
gboolean host_credential_parse(const char *text, gboolean bare, HostCredentialFile *ret,
                               GError **error);

/** host_credential_max: bytes that the largest of its kind has. */
uint32_t host_credential_max(uint32_t what);

/**
 * host_code_advice: (nullable): what to do about one of the codes 0x501 to 0x506, which a TPM 1.2
 * has as a TPM 2.0 has them; NULL for any other, and for DEEPQUOTE_RC_BUSY, which says nothing
 * more.
 */
const char *host_code_advice(uint32_t code);

#endif
