/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DeepQuote vendor commands. Spec: docs/specs/deepquote-wire.md, section 1. */
#ifndef WIRE_COMMAND_H
#define WIRE_COMMAND_H

#include "wire/auth.h"
#include "wire/deepquote-constants.h"
#include "wire/pcr.h"
#include "wire/scheme.h"

/** TPM2_DeepQuote command. */
typedef struct WireDeepQuoteCommand {
    uint32_t sign_handle;
    WireAuthArea auth;
    WireBytes qualifying_data; /* as sent: encrypted where a session has the decrypt attribute */
    WireSigScheme scheme;
    WirePcrSelection vtpm_pcrs;
    WirePcrSelection host_pcrs;
    uint32_t flags;
    size_t quote_size; /* bytes of the command that are its TPM2_Quote, header included */
} WireDeepQuoteCommand;

/**
 * wire_decode_deepquote_command:
 * @bytes: the whole command
 *
 * Returns TPM_RC_SUCCESS, or the TPM 2.0 response code for the first fault, in standard form with
 * the number of the parameter, handle or session; @ret is then untouched.
 */
uint32_t wire_decode_deepquote_command(WireBytes bytes, WireDeepQuoteCommand *ret);
bool wire_put_deepquote_command(WireWriter *w, const WireDeepQuoteCommand *c);

/**
 * wire_decode_host_pcr_read_command, wire_decode_host_credential_command: as above.
 */
uint32_t wire_decode_host_pcr_read_command(WireBytes bytes, WirePcrSelection *ret);
uint32_t wire_decode_host_credential_command(WireBytes bytes, uint32_t *ret_what,
                                             uint32_t *ret_offset);

#endif
