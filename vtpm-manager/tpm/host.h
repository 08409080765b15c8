/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's TPM as the manager uses it: with the attestation key loaded, and known. */
#ifndef VTPM_MANAGER_TPM_HOST_H
#define VTPM_MANAGER_TPM_HOST_H

#include "tpm/ak.h"
#include "tpm/info.h"

typedef struct TpmHost TpmHost;

/** tpm_host_new: @state_dir: where the attestation key is kept. */
TpmHost *tpm_host_new(TpmAkAlgorithm algorithm, const char *state_dir);
void tpm_host_free(TpmHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TpmHost, tpm_host_free)

/**
 * tpm_host_session: (transfer full): a session with the TPM at @source, which prepares it for
 * @host and must not outlive it.
 *
 * Errors of the preparation: TPM_ERROR_AK, and those of tpm_run().
 */
TpmSession *tpm_host_session(TpmHost *host, const TpmSource *source);

/** tpm_host_info: (transfer full): %NULL before the session was opened. */
TpmInfo *tpm_host_info(TpmHost *host);

#endif
