/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quotes and PCR reads. */
#ifndef VTPM_MANAGER_TPM_QUOTE_H
#define VTPM_MANAGER_TPM_QUOTE_H

#include "tpm/session.h"

/** A quote with the PCR values that it is about. */
typedef struct TpmQuote {
    GBytes *attest;        /* TPMS_ATTEST */
    GBytes *signature;     /* TPMT_SIGNATURE */
    GBytes *signer;        /* Name of the key that made it */
    WirePcrSelection pcrs; /* as quoted */
    unsigned count;
    TpmPcr value[DEEPQUOTE_HOST_PCRS_MAX];
} TpmQuote;

void tpm_quote_free(TpmQuote *quote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TpmQuote, tpm_quote_free)

/**
 * tpm_quote:
 * @qualifying: 1..64 bytes; borrowed
 * @pcrs: what to quote
 *
 * TPM2_Quote by the session's key and no other, with PCR values that hash to its pcrDigest. The
 * values known from before are tried first; only where they do not fit are PCRs read, and the quote
 * repeated, a bounded number of times.
 *
 * Spec: TPM 2.0 Part 3, TPM2_Quote.
 * Errors: as tpm_run(); TPM_ERROR_BUSY also where the PCRs change faster than they can be read.
 */
gboolean tpm_quote(TpmSession *tpm, WireBytes qualifying, const WirePcrSelection *pcrs,
                   TpmQuote **ret_quote, GError **error);

/**
 * tpm_pcr_read:
 * @ret_parameters: (transfer full): the response parameters of one TPM2_PCR_Read
 *
 * Errors: as tpm_run().
 */
gboolean tpm_pcr_read(TpmSession *tpm, const WirePcrSelection *pcrs, GBytes **ret_parameters,
                      GError **error);

#endif
