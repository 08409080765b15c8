/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hardware TPM's endorsement key and its certificate: read, never changed. */
#ifndef VTPM_MANAGER_TPM_EK_H
#define VTPM_MANAGER_TPM_EK_H

#include "tpm/session.h"

/**
 * tpm_ek_find:
 * @ret_public, @ret_name: (transfer full): empty where the TPM's answer cannot be kept
 * @ret_certificate: (transfer full): as found in NV; %NULL where there is none
 *
 * Prefers, of the RSA-2048, P-256 and P-384 keys, the first that has a certificate, then the
 * first that is persistent (0x81010001, 0x81010016), then the P-256 and then the RSA-2048 one
 * derived from the default template.
 *
 * Spec: TCG EK Credential Profile 2.x, templates L-1 and L-2, NV indices 0x01C00002,
 * 0x01C0000A, 0x01C00016.
 * Errors: as tpm_run().
 */
gboolean tpm_ek_find(TpmSession *tpm, GBytes **ret_public, GBytes **ret_name,
                     GBytes **ret_certificate, GError **error);

/**
 * tpm_ek_read_chain:
 * @ret_chain: (transfer full): certificates of authorities between the endorsement key and its
 *     manufacturer's root, DER, one after the other, perhaps padded: as found in NV 0x01C00100 and
 *     on, up to the first index that is not there; %NULL where there is none
 *
 * Spec: TCG EK Credential Profile 2.5. Errors: as tpm_run().
 */
gboolean tpm_ek_read_chain(TpmSession *tpm, GBytes **ret_chain, GError **error);

/**
 * tpm_ek_open: makes the endorsement key with this public area usable.
 * @public_area: what tpm_ek_find() told
 * @ret_key: close it with tpm_ek_close(); it is lost where a later tpm_run() has to recover
 *
 * Errors: TPM_ERROR_FAILED where the TPM does not have it any more; as tpm_run().
 */
gboolean tpm_ek_open(TpmSession *tpm, GBytes *public_area, ESYS_TR *ret_key, GError **error);
void tpm_ek_close(TpmSession *tpm, ESYS_TR key);

#endif
