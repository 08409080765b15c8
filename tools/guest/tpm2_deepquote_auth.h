/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What authorizes the use of a key or hierarchy: a password, a session, a policy over PCRs. */
#ifndef TOOLS_TPM2_DEEPQUOTE_AUTH_H
#define TOOLS_TPM2_DEEPQUOTE_AUTH_H

#include "tpm2_deepquote_vtpm.h"

#include "common/auth.h"

/** An authorization in use. */
typedef struct Auth Auth;

/**
 * auth_begin:
 * @object: what is to be used: a key or ESYS_TR_RH_ENDORSEMENT
 * @public: (nullable): of the key; NULL for a hierarchy and for the null key
 * @value: borrowed until auth_end()
 *
 * Sets @object's password, and loads or starts the session.
 * Errors: VTPM_ERROR_INPUT where a password cannot authorize the key, before the TPM is asked.
 */
Auth *auth_begin(Vtpm *vtpm, ESYS_TR object, const TPMT_PUBLIC *public, const AuthValue *value,
                 GError **error);

/** auth_handle: for the command. */
ESYS_TR auth_handle(const Auth *auth);

/** auth_once: whether it is a session of the user's whose policy is satisfied for one command. */
gboolean auth_once(const Auth *auth);

/**
 * auth_end: saves a session that came from a file into it again, as the TPM loads each saved
 * context only once; takes a session of ours out of the TPM. NULL is fine.
 *
 * Returns: false where the file could not be written, which loses the session.
 */
gboolean auth_end(Auth *auth, GError **error);

/** auth_to_tpm2b: a password as the TPM has it. */
void auth_to_tpm2b(const AuthValue *value, TPM2B_AUTH *ret);

#endif
