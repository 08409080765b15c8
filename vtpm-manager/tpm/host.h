/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's TPM as the manager uses it: with the attestation key loaded, and known. */
#ifndef VTPM_MANAGER_TPM_HOST_H
#define VTPM_MANAGER_TPM_HOST_H

#include "tpm/ak.h"
#include "tpm/derived_key.h"
#include "tpm/escrow.h"
#include "tpm/info.h"
#include "tpm/nv_counter.h"
#include "tpm/worker.h"

typedef struct TpmHost TpmHost;

/**
 * tpm_host_new:
 * @state_dir: where the attestation key is kept
 * @eh_auth: the endorsement hierarchy's authorization value, at most 64 bytes; copied, and wiped
 *           when the host is freed
 * @owner_auth: the same of the owner hierarchy
 */
TpmHost *tpm_host_new(TpmAkAlgorithm algorithm, const char *state_dir, WireBytes eh_auth,
                      WireBytes owner_auth);
void tpm_host_free(TpmHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TpmHost, tpm_host_free)

/**
 * tpm_host_session: (transfer full): a session with the TPM at @source, which prepares it for
 * @host and must not outlive it.
 *
 * Errors of the preparation: TPM_ERROR_AK, and those of tpm_run().
 */
TpmSession *tpm_host_session(TpmHost *host, const TpmSource *source);

/**
 * tpm_host_info: (transfer full): what the TPM told when it was last prepared; %NULL before the
 * session was opened. Any thread may ask; ask again rather than keep it.
 */
TpmInfo *tpm_host_info(TpmHost *host);

/**
 * tpm_host_activate: on the worker's thread: tpm_activate() for the host's attestation and
 * endorsement keys.
 *
 * Errors: of tpm_activate() and tpm_endorsement_enter().
 */
gboolean tpm_host_activate(TpmHost *host, TpmSession *tpm, GBytes *blob, GBytes *secret,
                           GBytes **ret_value, GError **error);

/**
 * tpm_host_derive_keys: on the worker's thread: tpm_derive_keys().
 *
 * Errors: of tpm_derive_keys() and tpm_endorsement_enter().
 */
gboolean tpm_host_derive_keys(TpmHost *host, TpmSession *tpm, const TpmDerivedSource *source,
                              const TpmDerived *keys, guint count, GError **error);

/** tpm_host_escrow_key, tpm_host_escrow_agree: on the worker's thread: tpm_escrow_certify() and
 * tpm_escrow_agree(). Errors: theirs, and those of tpm_endorsement_enter(). */
gboolean tpm_host_escrow_key(TpmHost *host, TpmSession *tpm, const TpmDerivedSource *source,
                             TpmEscrowKey *ret_key, GError **error);
gboolean tpm_host_escrow_agree(TpmHost *host, TpmSession *tpm, const TpmDerivedSource *source,
                               const uint8_t *x, const uint8_t *y, uint8_t *ret_z,
                               GBytes **ret_public, GError **error);

/** tpm_host_make_counter, tpm_host_remove_counter: the same of tpm_nv_counter_make()
 * and tpm_nv_counter_remove(). */
gboolean tpm_host_make_counter(TpmHost *host, TpmSession *tpm, const TpmNvCounter *counter,
                               GError **error);
gboolean tpm_host_remove_counter(TpmHost *host, TpmSession *tpm, TPM2_HANDLE index, GError **error);

/**
 * tpm_host_look: has @worker see whether the TPM is still the one that tpm_host_info() tells of,
 * and learn it again where it was reset; at most once a second. For the main context, where
 * something was refused that the TPM may have by now.
 */
void tpm_host_look(TpmHost *host, TpmWorker *worker);

#endif
