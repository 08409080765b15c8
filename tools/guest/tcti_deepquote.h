/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCTI in front of another that turns TPM2_Quote into TPM2_DeepQuote.
 *
 * ESAPI knows nothing of the vendor command. Session HMACs of TPM2_DeepQuote are those of the
 * TPM2_Quote inside it, so it is enough to change the bytes that pass: on the way out hostPcrSelect
 * and flags are appended and the command code and size fixed; on the way back the evidence is taken
 * out and ESAPI sees the response of TPM2_Quote. Every other command passes untouched.
 *
 * Spec: docs/specs/deepquote-wire.md, section 1.1; TSS 2.0 TPM Command Transmission Interface, v2.
 */
#ifndef TOOLS_TCTI_DEEPQUOTE_H
#define TOOLS_TCTI_DEEPQUOTE_H

#include "wire/deepquote.h" /* before tss2: both name TPMA_* bits, these as enumerators */

#include <glib.h>
#include <tss2/tss2_tcti.h>

/**
 * tcti_deepquote_new:
 * @inner: (transfer none): where commands go; it must outlive the returned context
 *
 * Returns: (transfer full): a TCTI context that passes everything through until it is armed.
 * Finalizing it leaves @inner alone.
 */
TSS2_TCTI_CONTEXT *tcti_deepquote_new(TSS2_TCTI_CONTEXT *inner);

/** tcti_deepquote_free: finalizes and frees; NULL is fine. */
void tcti_deepquote_free(TSS2_TCTI_CONTEXT *tcti);

/**
 * tcti_deepquote_arm:
 * @host_pcrs: hostPcrSelect, sent as it is
 * @flags: sent as they are
 *
 * From now on each TPM2_Quote is sent as TPM2_DeepQuote; a TPM that asks for the command again
 * (TPM_RC_RETRY) thus gets the same one. Drops evidence that was not taken.
 */
void tcti_deepquote_arm(TSS2_TCTI_CONTEXT *tcti, const WirePcrSelection *host_pcrs, uint32_t flags);

/** tcti_deepquote_disarm: TPM2_Quote passes untouched again; evidence stays until it is taken. */
void tcti_deepquote_disarm(TSS2_TCTI_CONTEXT *tcti);

/**
 * tcti_deepquote_host_status: of the last successful TPM2_DeepQuote: TPM_RC_SUCCESS, or the vendor
 * code that says why the host did not countersign it, so that there is no evidence.
 */
uint32_t tcti_deepquote_host_status(TSS2_TCTI_CONTEXT *tcti);

/**
 * tcti_deepquote_take_evidence:
 *
 * Returns: (transfer full) (nullable): the evidence of the last successful TPM2_DeepQuote,
 * undecoded, at most WIRE_TPM_BUFFER_MAX bytes; NULL where there was none since it was armed or
 * last taken.
 */
GBytes *tcti_deepquote_take_evidence(TSS2_TCTI_CONTEXT *tcti);

/**
 * tcti_deepquote_response:
 * @response: what a TPM answered to TPM2_DeepQuote
 * @ret: gets the response as TPM2_Quote would have it; an error response is copied
 * @ret_host_status: TPM_RC_SUCCESS for an error response
 * @ret_evidence: borrowed from @response; empty for an error response
 *
 * Returns: false, and nothing is changed, where @response is not exactly one well-formed response.
 */
gboolean tcti_deepquote_response(WireBytes response, WireWriter *ret, uint32_t *ret_host_status,
                                 WireBytes *ret_evidence);

#endif
