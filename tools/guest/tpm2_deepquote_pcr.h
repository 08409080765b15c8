/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading PCRs of the vTPM and of the host, and what tpm2-tools makes of them. */
#ifndef TOOLS_TPM2_DEEPQUOTE_PCR_H
#define TOOLS_TPM2_DEEPQUOTE_PCR_H

#include "tpm2_deepquote_vtpm.h"

/** pcr_selection_to_tss: the same in tpm2-tss' form. */
void pcr_selection_to_tss(const WirePcrSelection *s, TPML_PCR_SELECTION *ret);

/**
 * pcr_read:
 * @command: TPM_CC_PCR_Read or TPM_CC_HostPCRRead
 * @ret_values: (transfer full): the values, bank by bank, ascending, without anything in between
 *
 * Reads until all are there; starts again when a PCR changed meanwhile. Banks and PCRs that the TPM
 * does not have are an error.
 * Errors: VTPM_ERROR_TPM, VTPM_ERROR_MALFORMED.
 */
gboolean pcr_read(TSS2_TCTI_CONTEXT *tcti, uint32_t command, const WirePcrSelection *pcrs,
                  GByteArray **ret_values, GError **error);

/** pcr_digest: @ret gets the digest of @values; returns its size, 0 for a hash that is not there.
 */
size_t pcr_digest(uint16_t hash, GBytes *values, uint8_t *ret);

/**
 * pcr_serialize: (transfer full): what tpm2_quote -o writes with --pcrs_format=serialized
 * @values: as from pcr_read(), of the same @pcrs
 */
GBytes *pcr_serialize(const WirePcrSelection *pcrs, const GByteArray *values);

/** pcr_digest_equals: whether @values hash to @digest; by the length of @digest. */
gboolean pcr_digest_equals(const GByteArray *values, WireBytes digest);

#endif
