/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR lists as tpm2-tools writes them, and reading PCRs of the vTPM and of the host. */
#ifndef TOOLS_TPM2_DEEPQUOTE_PCR_H
#define TOOLS_TPM2_DEEPQUOTE_PCR_H

#include "tpm2_deepquote_vtpm.h"

/** pcr_hash_by_name: TPM_ALG_* of "sha256" and the like; 0 for a name that is not known. */
uint16_t pcr_hash_by_name(const char *name);

/**
 * pcr_list_parse:
 * @text: "sha256:0,1,2+sha1:all"; all is 0 to 23
 *
 * Banks come in the order in which they are named; naming one twice adds to it.
 * Errors: VTPM_ERROR_INPUT.
 */
bool pcr_list_parse(const char *text, WirePcrSelection *ret, GError **error);

/**
 * pcr_read:
 * @command: TPM_CC_PCR_Read or TPM_CC_HostPCRRead
 * @ret_values: (transfer full): the values, bank by bank, ascending, without anything in between
 *
 * Reads until all are there; starts again when a PCR changed meanwhile. Banks and PCRs that the TPM
 * does not have are an error.
 * Errors: VTPM_ERROR_TPM, VTPM_ERROR_MALFORMED.
 */
bool pcr_read(TSS2_TCTI_CONTEXT *tcti, uint32_t command, const WirePcrSelection *pcrs,
              GByteArray **ret_values, GError **error);

/** pcr_digest_equals: whether @values hash to @digest; by the length of @digest. */
bool pcr_digest_equals(const GByteArray *values, WireBytes digest);

#endif
