/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a TPM 1.2 signs in a quote, and the responses that carry it.
 *
 * Spec: TPM Main Part 2, sections 8.1, 8.5, 11.4 and 21.6; Part 3, section 16.5;
 * docs/specs/deepquote-tpm12.md, section 1.1.
 */
#ifndef WIRE_TPM12_QUOTE_H
#define WIRE_TPM12_QUOTE_H

#include "wire/pcr.h"
#include "wire/tpm12-constants.h"

/** TPM_QUOTE_INFO2, with the TPM_CAP_VERSION_INFO that is signed behind it where that was asked. */
typedef struct WireQuoteInfo2 {
    WireBytes external_data; /* TPM12_DIGEST_SIZE bytes: the nonce */
    WirePcrSelection pcrs;   /* one bank, of SHA-1 */
    uint8_t locality;        /* TPM_LOCALITY_SELECTION: the one that the command came from */
    WireBytes pcr_digest;    /* TPM12_DIGEST_SIZE bytes */
    WireBytes version_info;  /* empty where it was not asked for */
} WireQuoteInfo2;

bool wire_decode_quote_info2(WireBytes bytes, WireQuoteInfo2 *ret);
bool wire_put_quote_info2(WireWriter *w, const WireQuoteInfo2 *q);

/** wire_get_tpm12_pcrs: TPM_PCR_SELECTION, as one bank of SHA-1. */
bool wire_get_tpm12_pcrs(WireReader *r, WirePcrSelection *ret);
bool wire_put_tpm12_pcrs(WireWriter *w, const WirePcrSelection *s);

/**
 * TPM_DeepQuote response with TPM_SUCCESS, split into its parts. In that of a plain TPM_Quote2
 * there is neither @host_status nor @evidence.
 */
typedef struct WireTpm12QuoteResponse {
    WireBytes pcr_data;     /* TPM_PCR_INFO_SHORT */
    WireBytes version_info; /* TPM_CAP_VERSION_INFO, or empty */
    WireBytes signature;    /* of the scheme of the key */
    uint32_t host_status;   /* TPM12_SUCCESS, or why there is no evidence */
    WireBytes evidence;     /* empty unless @host_status is TPM12_SUCCESS */
    WireBytes trailer;      /* TPM12_RESPONSE_TRAILER_SIZE bytes, or empty */
} WireTpm12QuoteResponse;

bool wire_decode_tpm12_quote_response(WireBytes bytes, WireTpm12QuoteResponse *ret);
bool wire_decode_tpm12_deepquote_response(WireBytes bytes, WireTpm12QuoteResponse *ret);
bool wire_put_tpm12_deepquote_response(WireWriter *w, const WireTpm12QuoteResponse *resp);

/** wire_put_tpm12_signed: what was signed for @external_data, as a response has it. */
bool wire_put_tpm12_signed(WireWriter *w, WireBytes external_data,
                           const WireTpm12QuoteResponse *resp);

/** wire_tpm12_response_bound: bytes that no response has beside its evidence. */
size_t wire_tpm12_response_bound(void);

#endif
