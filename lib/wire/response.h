/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Responses of a quote and of a deep quote. Spec: docs/specs/deepquote-wire.md, section 1. */
#ifndef WIRE_RESPONSE_H
#define WIRE_RESPONSE_H

#include "wire/deepquote-constants.h"

/**
 * TPM2_DeepQuote response with TPM_RC_SUCCESS, split into its parts. In that of a plain TPM2_Quote
 * there is neither @host_status nor @evidence.
 */
typedef struct WireDeepQuoteResponse {
    WireBytes quoted;     /* TPMS_ATTEST */
    WireBytes signature;  /* TPMT_SIGNATURE */
    uint32_t host_status; /* TPM_RC_SUCCESS, or why there is no evidence */
    WireBytes evidence;   /* empty unless @host_status is TPM_RC_SUCCESS */
    WireBytes auth;       /* authorization area, undecoded */
} WireDeepQuoteResponse;

/** wire_decode_quote_response: the response of TPM2_Quote, TPM_ST_SESSIONS and success only. */
bool wire_decode_quote_response(WireBytes bytes, WireDeepQuoteResponse *ret);
bool wire_decode_deepquote_response(WireBytes bytes, WireDeepQuoteResponse *ret);
bool wire_put_deepquote_response(WireWriter *w, const WireDeepQuoteResponse *resp);

#endif
