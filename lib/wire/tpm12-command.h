/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TPM_DeepQuote of a TPM 1.2. Spec: docs/specs/deepquote-tpm12.md, sections 1.1 and 1.4. */
#ifndef WIRE_TPM12_COMMAND_H
#define WIRE_TPM12_COMMAND_H

#include "wire/pcr.h"
#include "wire/tpm12-constants.h"

/** TPM_DeepQuote command. */
typedef struct WireTpm12DeepQuoteCommand {
    uint32_t key_handle;
    WireBytes external_data; /* TPM12_DIGEST_SIZE bytes: the nonce */
    WirePcrSelection pcrs;
    uint8_t add_version;
    WirePcrSelection host_pcrs;
    uint32_t flags;
    WireBytes trailer; /* TPM12_COMMAND_TRAILER_SIZE bytes; empty for a key without authorization */
    WireBytes quote;   /* parameters of its TPM_Quote2: from key_handle to add_version */
} WireTpm12DeepQuoteCommand;

/**
 * wire_decode_tpm12_deepquote_command:
 * @bytes: the whole command
 *
 * Returns TPM12_SUCCESS, or the TPM 1.2 return code for the first fault; @ret is then untouched.
 */
uint32_t wire_decode_tpm12_deepquote_command(WireBytes bytes, WireTpm12DeepQuoteCommand *ret);

/** wire_put_tpm12_deepquote_command: @c->quote is ignored. */
bool wire_put_tpm12_deepquote_command(WireWriter *w, const WireTpm12DeepQuoteCommand *c);

/** wire_put_tpm12_quote_command: the TPM_Quote2 that is in it. */
bool wire_put_tpm12_quote_command(WireWriter *w, const WireTpm12DeepQuoteCommand *c);

/**
 * wire_tpm12_code: a response code of TPM 2.0 as a TPM 1.2 says it, without the number of a
 * parameter. Codes of this extension stay: they are in the vendor's range of both.
 */
uint32_t wire_tpm12_code(uint32_t rc);

#endif
