/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One deep quote, and what the host tells of itself. */
#ifndef TOOLS_TPM2_DEEPQUOTE_QUOTE_H
#define TOOLS_TPM2_DEEPQUOTE_QUOTE_H

#include "tpm2_deepquote_auth.h"
#include "tpm2_deepquote_key.h"

typedef struct DeepQuoteRequest {
    TPM2B_DATA nonce;
    const AuthValue *auth; /* of the key */
    TPMT_SIG_SCHEME scheme;
    WirePcrSelection vtpm_pcrs;
    WirePcrSelection host_pcrs;
    uint32_t flags;
} DeepQuoteRequest;

typedef struct DeepQuote {
    GBytes *message;   /* TPMS_ATTEST */
    GBytes *signature; /* TPMT_SIGNATURE */
    GBytes *evidence;
    GByteArray *pcrs; /* values of the vTPM's PCRs as quoted, bank by bank, ascending */
} DeepQuote;

/** deepquote_free: NULL is fine. */
void deepquote_free(DeepQuote *quote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeepQuote, deepquote_free)

/**
 * deepquote_make:
 *
 * Quotes, and reads the vTPM's PCRs until they are those that were quoted; the evidence decodes and
 * is about this quote. Whether it is to be trusted is the verifier's to say.
 * Errors: VTPM_ERROR_TPM, VTPM_ERROR_MALFORMED.
 */
DeepQuote *deepquote_make(Vtpm *vtpm, const Key *key, const DeepQuoteRequest *request,
                          GError **error);

/**
 * host_credential_read:
 * @what: DEEPQUOTE_HOST_AK_PUBLIC and so on
 *
 * Returns: (transfer full): all of it, page by page; of a log, what it had at the first page. An
 * error where the host has none.
 */
GBytes *host_credential_read(Vtpm *vtpm, uint32_t what, GError **error);

#endif
