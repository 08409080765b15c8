/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that several files need. Each goes through tpm_run(), with its errors. */
#ifndef VTPM_MANAGER_TPM_COMMAND_H
#define VTPM_MANAGER_TPM_COMMAND_H

#include "tpm/session.h"

/** tpm_public_marshal: @area as TPM2B_PUBLIC; %NULL where it cannot be. */
GBytes *tpm_public_marshal(const TPM2B_PUBLIC *area);

/**
 * tpm_get_capability:
 * @what: for the message
 * @ret_data: free with Esys_Free()
 */
gboolean tpm_get_capability(TpmSession *tpm, const char *what, TPM2_CAP capability,
                            uint32_t property, uint32_t count, TPMS_CAPABILITY_DATA **ret_data,
                            GError **error);

/** tpm_handle_exists: whether anything is at @handle. */
gboolean tpm_handle_exists(TpmSession *tpm, const char *what, TPM2_HANDLE handle, gboolean *ret,
                           GError **error);

/**
 * tpm_start_hmac_session: within a TpmCommand: so that an authorization value itself is sent to
 * nobody. It ends with the first command that succeeds, and else has to be flushed.
 */
TSS2_RC tpm_start_hmac_session(ESYS_CONTEXT *esys, ESYS_TR *ret_session);

/**
 * tpm_start_endorsement_auth: within a TpmCommand: what authorizes one command of the endorsement
 * hierarchy. It ends with that command where it succeeds, and else has to be dropped.
 */
TSS2_RC tpm_start_endorsement_auth(TpmSession *tpm, ESYS_TR *ret_auth);
void tpm_drop_endorsement_auth(TpmSession *tpm, ESYS_TR auth);

/**
 * tpm_create_primary:
 * @template: of a key in the endorsement hierarchy; see tpm_endorsement_enter()
 * @auth: the authorization value that it gets; %NULL: none
 * @ret_key: flush it; it is lost where a later tpm_run() has to recover
 * @ret_public: (transfer full): TPM2B_PUBLIC
 */
gboolean tpm_create_primary(TpmSession *tpm, const char *what, const TPM2B_PUBLIC *template,
                            const TPM2B_AUTH *auth, ESYS_TR *ret_key, GBytes **ret_public,
                            GError **error);

/** tpm_flush_key: such a key, whatever became of it: nobody asks whether it was still there. */
void tpm_flush_key(TpmSession *tpm, const char *what, ESYS_TR key);

#endif
